import { BEHAVIOURS } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { expectError } from './api.js';
import { CallSite, commandId } from './calls.js';

describe('versions and deprecation', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_TARGET_MAX_AGE: '0' });
  }, 300_000);
  afterAll(() => site.app.close());
  afterEach(() => site.stopSkills());

  it('a call by name or capability gets a release, unless the call asks for a prerelease or there is nothing else', async () => {
    const [old, rc, next] = await site.serve(BEHAVIOURS.echo, BEHAVIOURS.echo, BEHAVIOURS.echo);
    const capabilities = [{ name: `release-${process.pid}` }];
    const capability = capabilities[0]?.name;
    const { name } = await site.register([{ url: rc?.url ?? '' }], { version: '2.0.0-rc.1', capabilities });
    const call = (skill: string | undefined, status = 200) =>
      site.agent.post('/commands/execute', { command_id: commandId(), skill, capability }).expect(status);
    const called = () => [old, rc, next].map((skill) => skill?.calls.length);
    for (const skill of [name, `${name}@latest`, `${name}@2.0.0-rc.1`, `${name}@^2.0.0-0`, undefined])
      await call(skill);
    await call(`${name}@*`, 404);
    expect(called()).toEqual([0, 5, 0]);
    await site.register([{ url: old?.url ?? '' }], { name, version: '1.0.0', capabilities });
    await site.register([{ url: next?.url ?? '' }], { name, version: '2.0.0-rc.2+b5', capabilities });
    for (const skill of [name, `${name}@latest`, `${name}@*`, undefined]) await call(skill);
    expect(called()).toEqual([4, 5, 0]);
    for (const skill of [`${name}@>=2.0.0-rc.1`, `${name}@2.0.0-rc.2`, `${name}@2.0.0-rc.2+b5`]) await call(skill);
    await call(`${name}@2.0.0-rc.2+b6`, 404);
    expect(called()).toEqual([4, 5, 3]);
    await old?.stop();
    await call(name, 503);
  });

  const NOTICE = { message: 'Use the next one', replaced_by: 'weather-skill@^2', sunset: '2027-03-01T00:00:00+01:00' };
  const SUNSET = 'Sun, 28 Feb 2027 23:00:00 GMT';
  const create = async (body: object) =>
    (await site.admin.post('/skills', { ...skillBody(), ...body }).expect(201)).body.skill_id as string;
  const read = async (skillId: string) =>
    (await site.admin.get(`/skills/${skillId}`).expect(200)).body as {
      name: string;
      version: string;
      endpoints: { url: string }[];
      deprecated: unknown;
    };

  it.each([
    [true, true],
    [{}, true],
    [false, false],
    [undefined, false],
    [NOTICE, NOTICE],
    [{ message: 'x' }, { message: 'x' }],
  ])('deprecated: %j is answered as %j, by every route that writes', async (deprecated, shown) => {
    const skillId = await create({ deprecated });
    const { name, version, endpoints } = await read(skillId);
    expect((await read(skillId)).deprecated).toEqual(shown);
    const registered = await site.admin.post('/skills/register', skillBody({ deprecated })).expect(200);
    expect((await read(registered.body.data.skill_id as string)).deprecated).toEqual(shown);
    const skills = [skillBody({ deprecated })];
    const batch = await site.admin.post('/skills/batch', { skills }).expect(200);
    expect((await read(batch.body.data.results[0].skill_id as string)).deprecated).toEqual(shown);
    const body = { name, version, endpoints: [{ url: endpoints[0]?.url }], deprecated };
    const replaced = await site.admin.put(`/skills/${skillId}`, body).expect(200);
    expect(replaced.body.deprecated).toEqual(shown);
    const patched = await site.admin.patch(`/skills/${skillId}`, { deprecated: deprecated ?? null }).expect(200);
    expect(patched.body.deprecated).toEqual(shown);
  });

  it('stays when a registration or a PATCH does not name it, is merged by PATCH, and goes by null, false or PUT', async () => {
    const body = skillBody({ deprecated: NOTICE });
    const skillId = (await site.admin.post('/skills/register', body).expect(200)).body.data.skill_id as string;
    const { headers } = await site.admin.get(`/skills/${skillId}`).expect(200);
    const status = await site.admin.get(`/skills/${skillId}/status`).expect(200);
    expect(status.headers).toMatchObject({ sunset: SUNSET, deprecation: headers.deprecation });
    expect(status.body.data).not.toHaveProperty('deprecation');
    const deprecated = async () => (await read(skillId)).deprecated;
    await site.admin.post('/skills/register', { ...body, deprecated: undefined }).expect(200);
    await site.admin.patch(`/skills/${skillId}`, { description: 'x' }).expect(200);
    expect(await deprecated()).toEqual(NOTICE);
    await site.admin.patch(`/skills/${skillId}`, { deprecated: { message: null, replaced_by: 'y' } }).expect(200);
    expect(await deprecated()).toEqual({ replaced_by: 'y', sunset: NOTICE.sunset });
    await site.admin.post('/skills/batch', { skills: [{ ...body, deprecated: true }] }).expect(200);
    expect(await deprecated()).toBe(true);
    // It is deprecated since the first time.
    expect((await site.admin.get(`/skills/${skillId}`)).headers.deprecation).toBe(headers.deprecation);
    for (const end of [
      () => site.admin.patch(`/skills/${skillId}`, { deprecated: null }),
      () => site.admin.post('/skills/register', { ...body, deprecated: false }),
      () => site.admin.put(`/skills/${skillId}`, { ...body, deprecated: undefined }),
    ]) {
      await site.admin.patch(`/skills/${skillId}`, { deprecated: NOTICE }).expect(200);
      await end().expect(200);
      expect(await deprecated()).toBe(false);
      expect((await site.admin.get(`/skills/${skillId}`)).headers).not.toHaveProperty('deprecation');
    }
  });

  it.each([
    ['yes', 'deprecated must be true, false or an object with message, replaced_by and sunset'],
    [[], 'deprecated must be true, false or an object with message, replaced_by and sunset'],
    [null, 'deprecated must be true, false or an object with message, replaced_by and sunset'],
    [
      { message: 5, replaced_by: '', sunset: 'soon', why: 'x' },
      'deprecated message must be a string; replaced_by must not be blank; sunset must be a date and time with its offset ' +
        '(ISO 8601), such as 2027-01-18T00:00:00Z; why is unknown',
    ],
  ])('%j is refused', async (deprecated, fault) => {
    expect(expectError(await site.admin.post('/skills', { ...skillBody(), deprecated }), 400, 1001)).toEqual([fault]);
  });

  it('is told in the headers of answers about the Skill, from memory and by Fastify alike', async () => {
    const before = Math.floor(Date.now() / 1000);
    const skillId = await create({ deprecated: NOTICE });
    const path = `/skills/${skillId}`;
    const answers = [
      await site.admin.get(path).expect(200),
      await site.admin.get(path).expect(200),
      await site.admin.get(path).set('origin', 'https://console.example.com').expect(200),
      await site.admin.patch(path, { description: 'y' }).expect(200),
    ];
    const { etag } = (await site.admin.get(path)).headers;
    for (let time = 0; time < 2; time += 1) {
      answers.push(await site.admin.get(path).set('if-none-match', String(etag)).expect(304));
    }
    for (const { headers } of answers) {
      expect(headers.sunset).toBe(SUNSET);
      const [, since] = /^@(\d+)$/.exec(String(headers.deprecation)) ?? [];
      expect(Number(since)).toBeGreaterThanOrEqual(before);
      expect(Number(since)).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
    }
    const other = await site.admin.get(`/skills/${await create({ deprecated: true })}`).expect(200);
    expect(other.headers.deprecation).toMatch(/^@\d+$/);
    expect(other.headers).not.toHaveProperty('sunset');
  });

  it('is found with a filter, and comes last in discovery', async () => {
    const category = `deprecated-${process.pid}`;
    const bodies = [true, false, NOTICE, false].map((deprecated) =>
      skillBody({ deprecated, description: category, capabilities: [{ name: 'x', category }] }),
    );
    for (const body of bodies) await site.admin.post('/skills', body).expect(201);
    const names = bodies.map(({ name }) => name);
    const [one, two, three, four] = names;
    const namesOf = (skills: { name: string }[]) => skills.map(({ name }) => name);
    const discover = async (query: string) =>
      (await site.agent.get(`/skills/discover?category=${category}&${query}`).expect(200)).body.data as {
        total: number;
        skills: { name: string; deprecated: unknown }[];
      };
    const last = [two, four, one, three];
    const all = await discover('');
    expect([namesOf(all.skills), all.skills.map(({ deprecated }) => deprecated)]).toEqual([
      last,
      [false, false, true, NOTICE],
    ]);
    expect(namesOf((await discover(`q=${category}`)).skills)).toEqual(last);
    const byWords = (await site.agent.get(`/skills/discover?q=${category}`).expect(200)).body.data;
    expect(namesOf(byWords.skills)).toEqual(last);
    expect(namesOf((await discover('page=2&page_size=3')).skills)).toEqual([three]);
    expect(namesOf((await discover('sort=created_at')).skills)).toEqual(names);
    expect(namesOf((await site.agent.get(`/skills?category=${category}`)).body)).toEqual(names);
    for (const [value, expected] of [
      ['true', [one, three]],
      ['false', [two, four]],
    ] as const) {
      const { total, skills } = await discover(`deprecated=${value}`);
      expect([total, namesOf(skills)]).toEqual([2, expected]);
      const listed = await site.agent.get(`/skills?category=${category}&deprecated=${value}`).expect(200);
      expect([listed.headers['x-total-count'], namesOf(listed.body)]).toEqual(['2', expected]);
      const path = `/capabilities?category=${category}&deprecated=${value}`;
      const { data } = (await site.agent.get(path).expect(200)).body;
      const flags = (data.capabilities as { deprecated: unknown }[]).map(({ deprecated }) => deprecated);
      expect([data.total, flags]).toEqual([2, value === 'true' ? [true, NOTICE] : [false, false]]);
    }
    expectError(await site.agent.get('/skills?deprecated=yes'), 400, 1001);
  });

  it('is called as before, but after others by name and capability, and the answer says so', async () => {
    const [next, old] = await site.serve(BEHAVIOURS.echo, BEHAVIOURS.echo);
    const capability = `deprecated-${process.pid}`;
    const capabilities = [{ name: capability }];
    const { name, skillId } = await site.register([{ url: next?.url ?? '' }], {
      capabilities,
      version: '1.1.0',
      deprecated: NOTICE,
    });
    const call = async (body: object) => {
      const { headers, body: answer } = await site.agent
        .post('/commands/execute', { command_id: commandId(), ...body })
        .expect(200);
      return [answer.data.deprecated as unknown, headers.sunset, /^@\d+$/.test(headers.deprecation ?? '')];
    };
    const told = [NOTICE, SUNSET, true];
    const untold = [undefined, undefined, false];
    const again = { command_id: commandId(), skill_id: skillId, capability };
    for (const body of [again, again, { skill: name, capability }, { capability }])
      expect(await call(body)).toEqual(told);
    await site.register([{ url: old?.url ?? '' }], { name, capabilities, version: '1.0.0' });
    const latest = await site.admin.get(`/skills?version=latest&name=${name}`).expect(200);
    expect((latest.body as { version: string }[]).map(({ version }) => version)).toEqual(['1.0.0']);
    for (const skill of [name, `${name}@latest`, `${name}@^1`, undefined]) {
      const body = { skill, capability };
      expect(await call(body)).toEqual(untold);
    }
    for (const body of [
      { skill: `${name}@1.1.0`, capability },
      { skill_id: skillId, capability },
    ]) {
      expect(await call(body)).toEqual(told);
    }
    const commands = [{ command_id: commandId(), skill_id: skillId, capability }];
    const { data } = (await site.agent.post('/commands/batch', { commands }).expect(200)).body;
    expect(data.results[0].execution.deprecated).toEqual(NOTICE);
    const waiting = await site.agent
      .post('/commands/execute', { command_id: commandId(), skill_id: skillId, capability })
      .set('prefer', 'respond-async')
      .expect(202);
    expect([waiting.body.data.deprecated, waiting.headers.sunset]).toEqual([NOTICE, SUNSET]);
  });
});
