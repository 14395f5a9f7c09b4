import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError, NOBODY, TIME, UUID } from './api.js';

describe('Skills in the protocol style', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const register = async (overrides = {}) =>
    (await api.post('/skills/register', skillBody(overrides)).expect(200)).body.data as {
      skill_id: string;
      generation: number;
      registered_at: string;
    };

  it('registers in the envelope', async () => {
    const { body } = await api.post('/skills/register/', skillBody()).expect(200);
    expect(body).toEqual({
      code: 0,
      message: 'success',
      data: {
        skill_id: body.data.id,
        id: expect.stringMatching(UUID),
        status: 'registered',
        registered_at: expect.stringMatching(TIME),
        generation: expect.any(Number),
        lease: { expires_at: expect.stringMatching(TIME), ttl: 90 },
        interval: expect.any(Number),
      },
    });
  });

  it('renews a registration: endpoints merge by url, the generation rises, what is not said stays', async () => {
    const sent = skillBody({ endpoints: [{ url: 'http://a/1', weight: 2 }], metadata: { a: '1', b: '1' } });
    const first = await register(sent);
    const second = await register({
      ...sent,
      description: undefined,
      endpoints: [{ url: 'http://a/2' }, { url: 'http://a/1', weight: 5 }],
      capabilities: [{ name: 'alerts' }],
      metadata: { b: '2' },
    });
    expect(second.skill_id).toBe(first.skill_id);
    expect(second.generation).toBeGreaterThan(first.generation);
    const { body } = await api.get(`/skills/${first.skill_id}`);
    expect(body).toMatchObject({
      description: sent.description,
      metadata: { a: '1', b: '2' },
      generation: second.generation,
    });
    expect(body.endpoints).toMatchObject([
      { url: 'http://a/1', weight: 5 },
      { url: 'http://a/2', weight: 1 },
    ]);
    expect(body.capabilities).toMatchObject([{ name: 'forecast' }, { name: 'alerts' }]);
    expect(body.capabilities).toHaveLength(2);
    expect(body.last_heartbeat).toMatch(TIME);
  });

  it('registers under a given id, which no other Skill may have', async () => {
    const id = '0199D3F0-6A1C-7CC0-8F5E-3B1A4C2D9E10';
    expect((await register({ skill_id: id })).skill_id).toBe(id.toLowerCase());
    expectError(await api.post('/skills/register', skillBody({ skill_id: id })), 409, 1006);
  });

  it('limits the endpoints that replicas can add up to', async () => {
    const sent = skillBody();
    const part = (from: number) => ({
      ...sent,
      endpoints: Array.from({ length: 100 }, (_, n) => ({ url: `http://many/${from + n}` })),
    });
    for (let from = 0; from < 500; from += 100) await register(part(from));
    expectError(await api.post('/skills/register', { ...sent, endpoints: [{ url: 'http://many/500' }] }), 400, 1001);
    await register(part(400));
  });

  it('unregisters: the name is free, the history stays', async () => {
    const sent = skillBody();
    const { skill_id, registered_at } = await register(sent);
    const { body } = await api.post(`/skills/${skill_id}/unregister`).expect(200);
    expect(body).toEqual({
      code: 0,
      message: 'success',
      data: { skill_id, id: skill_id, status: 'unregistered', unregistered_at: expect.stringMatching(TIME) },
    });
    expectError(await api.get(`/skills/${skill_id}`), 404, 1004);
    expectError(await api.post(`/skills/${skill_id}/unregister`), 404, 1004);
    const again = await register(sent);
    expect(again.skill_id).not.toBe(skill_id);
    const events = await app.database.query(
      'SELECT event, name, version, actor, registered_at, unregistered_at FROM skill_events WHERE skill_id = $1 ORDER BY created_at',
      [skill_id],
    );
    const base = { name: sent.name, version: sent.version, actor: 'admin', registered_at: new Date(registered_at) };
    expect(events).toEqual([
      { ...base, event: 'registered', unregistered_at: null },
      { ...base, event: 'unregistered', unregistered_at: new Date(body.data.unregistered_at) },
    ]);
  });

  it('leaves nothing of an unregistered Skill behind', async () => {
    const { skill_id } = await register();
    await api.post(`/skills/${skill_id}/unregister`).expect(200);
    const rows = await app.database.query(
      `SELECT 1 FROM skill_endpoints WHERE skill_id = $1 UNION ALL SELECT 1 FROM capabilities WHERE skill_id = $1
       UNION ALL SELECT 1 FROM skill_metadata WHERE skill_id = $1 UNION ALL SELECT 1 FROM skill_status WHERE skill_id = $1`,
      [skill_id],
    );
    expect(rows).toEqual([]);
  });

  it('tells how a Skill is doing, and changes its status', async () => {
    const { skill_id, generation } = await register({ endpoints: [{ url: 'http://doing/' }] });
    expect((await api.get(`/skills/${skill_id}/status`).expect(200)).body).toEqual({
      code: 0,
      message: 'success',
      data: {
        skill_id,
        id: skill_id,
        status: 'active',
        health: 'healthy',
        uptime: 0,
        request_count: 0,
        error_count: 0,
        cpu_usage: null,
        memory_usage: null,
        last_heartbeat: expect.stringMatching(TIME),
        endpoints: [
          {
            endpoint_id: expect.stringMatching(UUID),
            url: 'http://doing/',
            status: 'active',
            health: 'healthy',
            generation,
            last_heartbeat: expect.stringMatching(TIME),
            lease: { expires_at: expect.stringMatching(TIME), ttl: 90 },
            probe: null,
          },
        ],
      },
    });
    const { body } = await api.put(`/skills/${skill_id}/status`, { status: 'maintenance' }).expect(200);
    expect(body).toEqual({
      code: 0,
      message: 'success',
      data: { skill_id, id: skill_id, status: 'maintenance', updated_at: expect.stringMatching(TIME) },
    });
    expect((await api.get(`/skills/${skill_id}/status`)).body.data.status).toBe('maintenance');
    expect((await api.get(`/skills/${skill_id}`)).body).toMatchObject({
      status: 'maintenance',
      updated_at: body.data.updated_at,
    });
    expectError(await api.put(`/skills/${skill_id}/status`, { status: 'gone' }), 400, 1001);
  });

  it('discovers active Skills unless another status is asked for', async () => {
    const { name } = skillBody();
    const { skill_id } = await register({ name });
    const discover = async (query: string) =>
      (await api.get(`/skills/discover/?name=${name}${query}`).expect(200)).body.data as {
        total: number;
        skills: object[];
      };
    expect(await discover('')).toMatchObject({ total: 1, page: 1, page_size: 10, skills: [{ skill_id, name }] });
    const { body: skill } = await api.get(`/skills/${skill_id}`);
    // A schema that is made of parameters is not in lists.
    for (const capability of skill.capabilities) delete capability.input_schema;
    expect((await discover('')).skills[0]).toEqual(skill);
    await api.put(`/skills/${skill_id}/status`, { status: 'inactive' }).expect(200);
    expect(await discover('')).toMatchObject({ total: 0, skills: [] });
    expect(await discover('&status=inactive')).toMatchObject({ total: 1 });
    expect((await api.get(`/skills?name=${name}`)).body).toHaveLength(1);
  });

  it('finds a Skill by its new words after a change, not by the old ones', async () => {
    const { skill_id } = await register({ description: 'zebra' });
    const found = async (q: string) => (await api.get(`/skills?q=${q}`)).headers['x-total-count'];
    expect(await found('zebra')).toBe('1');
    await api.patch(`/skills/${skill_id}`, { description: 'giraffe' }).expect(200);
    expect([await found('zebra'), await found('giraffe')]).toEqual(['0', '1']);
  });

  it('answers one result per item of a batch, in order', async () => {
    const [good, other] = [skillBody(), skillBody()];
    const { body } = await api
      .post('/skills/batch', {
        skills: [
          good,
          { ...good, version: 'x' },
          null,
          'text',
          { ...good, metadata: { twice: 'yes' } },
          other,
          { ...other, skill_id: NOBODY },
          [],
        ],
      })
      .expect(200);
    const results = body.data.results as { index: number; status: string; code?: number; skill_id?: string }[];
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(results.map(({ status, code }) => code ?? status)).toEqual([
      'created',
      1001,
      1001,
      1001,
      'updated',
      'created',
      'updated',
      1001,
    ]);
    expect(results[4]?.skill_id).toBe(results[0]?.skill_id);
    expect((await api.get(`/skills/${results[0]?.skill_id ?? ''}`)).body.metadata).toEqual({
      region: 'eu',
      twice: 'yes',
    });
  });

  describe('versions', () => {
    const category = `versions-${process.pid}`;
    const VERSIONS = {
      alpha: ['2.0.0-rc.1', '1.10.0', '1.9.0', '1.0.0+b5', '1.0.0', '1.0.0-rc.1', '2.0.0-rc.1+b5'],
      beta: ['0.1.0-alpha.10', '0.1.0-alpha.9', '0.1.0-alpha'],
      gamma: ['20261201.1.20261201041500', '1.0.0-0'],
    };
    const text = (name: string, version: string) => `${name} ${version}`;
    beforeAll(async () => {
      const skills = Object.entries(VERSIONS).flatMap(([name, versions]) =>
        versions.map((version) => {
          const eu = version !== '1.10.0';
          return skillBody({
            name: `${category}-${name}`,
            version,
            capabilities: [{ name: 'x', category }],
            metadata: eu ? { region: 'eu' } : {},
          });
        }),
      );
      const { body } = await api.post('/skills/batch', { skills }).expect(200);
      expect((body.data.results as { status: string }[]).every(({ status }) => status === 'created')).toBe(true);
    });

    const found = (skills: { name: string; version: string }[]) =>
      skills.map(({ name, version }) => text(name.replace(`${category}-`, ''), version));
    /** What the list and discovery answer, which is the same. */
    const list = async (query: Record<string, string>) => {
      const asked = new URLSearchParams({ category, ...query }).toString();
      const { body, headers } = await api.get(`/skills/?${asked}`).expect(200);
      const { data } = (await api.get(`/skills/discover?${asked}&page_size=100`).expect(200)).body;
      expect(headers['x-total-count']).toBe(String(body.length));
      expect([data.total, found(data.skills)]).toEqual([body.length, found(body)]);
      return found(body).toSorted();
    };
    const alpha = (...versions: string[]) => versions.map((version) => text('alpha', version)).toSorted();

    it.each<[string, string[]]>([
      ['^1', ['1.10.0', '1.9.0', '1.0.0', '1.0.0+b5']],
      ['*', ['1.10.0', '1.9.0', '1.0.0', '1.0.0+b5']],
      ['>=1.9', ['1.10.0', '1.9.0']],
      ['>=2.0.0-alpha', ['2.0.0-rc.1', '2.0.0-rc.1+b5']],
      ['>=1.9.0-alpha', ['1.10.0', '1.9.0']],
      ['2.0.0-rc.1', ['2.0.0-rc.1', '2.0.0-rc.1+b5']],
      ['1.0.0', ['1.0.0', '1.0.0+b5']],
      ['1.0.0+b5', ['1.0.0+b5']],
      ['1.0.0+b6', []],
      ['latest', ['1.10.0']],
    ])('in %s are %j', async (version, expected) => {
      expect(await list({ version, name: `${category}-alpha` })).toEqual(alpha(...expected));
    });

    it('give the newest of each name, with its total, on every page and in every order', async () => {
      const newest = ['alpha 1.10.0', 'beta 0.1.0-alpha.10', 'gamma 20261201.1.20261201041500'];
      expect(await list({ version: 'latest' })).toEqual(newest);
      expect(await list({ version: 'latest', q: category })).toEqual(newest);
      // Of those that the other filters leave.
      expect(await list({ version: 'latest', 'metadata.region': 'eu' })).toEqual(['alpha 1.9.0', ...newest.slice(1)]);
      const pages: string[] = [];
      for (const skip of [0, 1, 2]) {
        const path = `/skills/?category=${category}&version=latest&sort=-name&skip=${skip}&limit=1`;
        const { body, headers } = await api.get(path).expect(200);
        expect(headers['x-total-count']).toBe('3');
        pages.push(...found(body));
      }
      expect(pages).toEqual(newest.toReversed());
    });

    it('sort as the specification says', async () => {
      const path = `/skills/?name=${category}-alpha&sort=version`;
      const { body } = await api.get(path).expect(200);
      const order = ['1.0.0-rc.1', '1.0.0', '1.0.0', '1.9.0', '1.10.0', '2.0.0-rc.1', '2.0.0-rc.1'];
      expect((body as { version: string }[]).map(({ version }) => version.replace('+b5', ''))).toEqual(order);
    });

    it('are unchanged by PUT, PATCH and a new registration', async () => {
      const sent = skillBody({ version: '1.0.0-rc.1+b5', capabilities: [{ name: 'x', version: '2.0.0-a+b' }] });
      const { skill_id } = await register(sent);
      await register(sent);
      await api.put(`/skills/${skill_id}`, { ...sent, version: '1.0.0-rc.2+b5' }).expect(200);
      const { body } = await api.patch(`/skills/${skill_id}`, { description: 'other' }).expect(200);
      expect([body.version, body.capabilities[0].version]).toEqual(['1.0.0-rc.2+b5', '2.0.0-a+b']);
    });
  });
});
