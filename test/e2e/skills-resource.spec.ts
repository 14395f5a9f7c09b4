import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError, NOBODY } from './api.js';

describe('Skills in the resource style', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const create = async (overrides = {}) => {
    const { body, headers } = await api.post('/skills', skillBody(overrides)).expect(201);
    return { id: body.skill_id as string, etag: headers.etag ?? '', skill: body };
  };

  it('creates with Location and ETag, and gives back all that was sent', async () => {
    const sent = skillBody({
      endpoints: [
        { url: 'https://a.example/x', weight: 3, status: 'inactive', parameters: { health_path: '/h', empty: '' } },
        { url: 'wss://a.example/ws' },
      ],
      capabilities: [
        {
          name: 'forecast',
          category: 'weather',
          parameters: {
            list: { type: 'array', default: [1, { a: null }], description: 'd' },
            city: { type: 'string', required: true },
            none: { type: 'boolean', default: false },
          },
        },
        { name: 'alerts', version: '2.0.0', status: 'disabled', description: 'Storms' },
      ],
      metadata: { region: 'eu', '': 'x' },
    });
    expectError(await api.post('/skills', sent), 400, 1001);
    sent.metadata = { region: 'eu', tier: '' };
    const { body, headers } = await api.post('/skills', sent).expect(201);
    expect(headers.location).toBe(`/api/v1/skills/${body.skill_id as string}`);
    expect(headers.etag).toMatch(/^"\d+\.1"$/);
    expect(body.endpoints).toMatchObject([
      {
        url: 'https://a.example/x',
        protocol: 'https',
        weight: 3,
        status: 'inactive',
        parameters: { health_path: '/h', empty: '' },
      },
      { url: 'wss://a.example/ws', protocol: 'wss', weight: 1, status: 'active', parameters: {} },
    ]);
    expect(body.capabilities).toMatchObject([
      {
        name: 'forecast',
        category: 'weather',
        version: '1.0.0',
        status: 'enabled',
        parameters: {
          list: { type: 'array', required: false, default: [1, { a: null }], description: 'd' },
          city: { type: 'string', required: true, description: '' },
          none: { type: 'boolean', required: false, default: false, description: '' },
        },
      },
      { name: 'alerts', category: null, version: '2.0.0', status: 'disabled', description: 'Storms', parameters: {} },
    ]);
    expect(body.metadata).toEqual({ region: 'eu', tier: '' });
    expect((await api.get(`/skills/${body.skill_id as string}`)).body).toEqual(body);
  });

  it('refuses a second creation of a name and version, even by the same owner', async () => {
    const { skill } = await create();
    expectError(await api.post('/skills', skillBody({ name: skill.name })), 409, 1006);
    await api.post('/skills', skillBody({ name: skill.name, version: '1.0.1' })).expect(201);
  });

  it('answers 304 to a fresh If-None-Match, without a body', async () => {
    const { id, etag } = await create();
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const fresh = await api.get(`/skills/${id}`).set('if-none-match', tag).expect(304);
      expect(fresh.text).toBe('');
      expect(fresh.headers.etag).toBe(etag);
    }
    await api.get(`/skills/${id}`).set('if-none-match', '"0.0"').expect(200);
    await api.patch(`/skills/${id}`, { description: 'new' }).expect(200);
    await api.get(`/skills/${id}`).set('if-none-match', etag).expect(200);
  });

  it('replaces with PUT: what is not said is gone', async () => {
    const { id, skill } = await create({ metadata: { a: '1' }, description: 'old' });
    const kept = skill.endpoints[0];
    const { body } = await api
      .put(`/skills/${id}`, {
        name: skill.name,
        version: '2.0.0',
        endpoints: [{ url: kept.url, weight: 9 }, { url: 'ws://b/' }],
      })
      .expect(200);
    expect(body).toMatchObject({ skill_id: id, description: '', version: '2.0.0', capabilities: [], metadata: {} });
    expect(body.endpoints).toMatchObject([{ endpoint_id: kept.endpoint_id, weight: 9 }, { url: 'ws://b/' }]);
    expect((await api.get(`/skills/${id}`)).body).toEqual(body);
  });

  it('refuses a PUT or PATCH onto the name and version of another Skill', async () => {
    const [one, two] = [await create(), await create()];
    expectError(await api.put(`/skills/${two.id}`, skillBody({ name: one.skill.name })), 409, 1006);
    expectError(await api.patch(`/skills/${two.id}`, { name: one.skill.name }), 409, 1006);
    expect((await api.get(`/skills/${two.id}`)).body).toEqual(two.skill);
  });

  it('merges with PATCH as RFC 7396 says: null removes, lists are replaced', async () => {
    const { id, skill } = await create({ metadata: { region: 'eu', tier: 'gold' } });
    const patch = { description: null, metadata: { region: null, zone: 'z1' }, status: 'maintenance' };
    const { body } = await api
      .patch(`/skills/${id}`)
      .set('content-type', 'application/merge-patch+json')
      .send(JSON.stringify(patch))
      .expect(200);
    expect(body).toMatchObject({ description: '', status: 'maintenance', metadata: { tier: 'gold', zone: 'z1' } });
    expect(body.metadata).not.toHaveProperty('region');
    expect(body.capabilities).toEqual(skill.capabilities);
    const emptied = await api.patch(`/skills/${id}`, { capabilities: [], metadata: null }).expect(200);
    expect(emptied.body).toMatchObject({ capabilities: [], metadata: {}, name: skill.name });
    expect(expectError(await api.patch(`/skills/${id}`, { name: null, nope: 1 }), 400, 1001)).toEqual(
      expect.arrayContaining(['name is required', 'nope is unknown']),
    );
  });

  it('checks If-Match on every change (1011), and changes nothing when it fails', async () => {
    const { id, etag, skill } = await create();
    const stale = '"1.999"';
    const changes = [
      () => api.put(`/skills/${id}`, skillBody()),
      () => api.patch(`/skills/${id}`, { description: 'x' }),
      () => api.put(`/skills/${id}/status`, { status: 'inactive' }),
      () => api.delete(`/skills/${id}`),
    ];
    for (const change of changes) {
      expectError(await change().set('if-match', stale), 412, 1011);
      expectError(await change().set('if-match', `W/${etag}`), 412, 1011);
    }
    expect((await api.get(`/skills/${id}`)).body).toEqual(skill);
    const changed = await api.patch(`/skills/${id}`, { description: 'x' }).set('if-match', `"no", ${etag}`).expect(200);
    expect(changed.headers.etag).not.toBe(etag);
    await api.delete(`/skills/${id}`).set('if-match', '*').expect(204);
  });

  it('lets one of ten writers with the same ETag win', async () => {
    const { id, etag } = await create();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => api.patch(`/skills/${id}`, { description: `${n}` }).set('if-match', etag)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
  });

  it('deletes with 204 and no body; the name is free again', async () => {
    const { id, skill } = await create();
    const gone = await api.delete(`/skills/${id}`).expect(204);
    expect(gone.text).toBe('');
    expectError(await api.get(`/skills/${id}`), 404, 1004);
    expectError(await api.delete(`/skills/${id}`), 404, 1004);
    await api.post('/skills', skillBody({ name: skill.name })).expect(201);
  });

  it('answers 1004 for a Skill that is not there, on every route', async () => {
    expectError(await api.get(`/skills/${NOBODY}`), 404, 1004);
    expectError(await api.put(`/skills/${NOBODY}`, skillBody()), 404, 1004);
    expectError(await api.patch(`/skills/${NOBODY}`, {}), 404, 1004);
    expectError(await api.delete(`/skills/${NOBODY}`), 404, 1004);
    expectError(await api.get(`/skills/${NOBODY}/status`), 404, 1004);
    expectError(await api.put(`/skills/${NOBODY}/status`, { status: 'active' }), 404, 1004);
    expectError(await api.post(`/skills/${NOBODY}/unregister`), 404, 1004);
  });

  it('knows an id in capitals for the same: no write leaves an old answer behind', async () => {
    const { id } = await create({ description: 'first' });
    const capitals = id.toUpperCase();
    expect((await api.get(`/skills/${id}`)).body.description).toBe('first');
    expect((await api.get(`/skills/${capitals}`)).body.description).toBe('first');
    const { body } = await api.patch(`/skills/${capitals}`, { description: 'second' }).expect(200);
    expect(body.skill_id).toBe(id);
    expect((await api.get(`/skills/${id}`)).body.description).toBe('second');
    expect((await api.get(`/skills/${capitals}`)).body.description).toBe('second');
    expect((await api.put(`/skills/${capitals}/status`, { status: 'inactive' }).expect(200)).body.data.skill_id).toBe(
      id,
    );
  });

  it('reads what was just written, whatever the cache held', async () => {
    const { id } = await create();
    for (let round = 0; round < 10; round += 1) {
      const reads = Array.from({ length: 5 }, () => api.get(`/skills/${id}`).expect(200));
      await Promise.all([...reads, api.patch(`/skills/${id}`, { description: `round ${round}` }).expect(200)]);
      expect((await api.get(`/skills/${id}`)).body.description).toBe(`round ${round}`);
    }
  });

  it('keeps the types of parameters of endpoints, on every way', async () => {
    const url = 'http://localhost:8001/kept';
    const parameters = {
      timeout_ms: 5_000,
      health_interval: 60,
      health_status: 204,
      ratio: -0.25,
      tiny: 1e-9,
      most: Number.MAX_SAFE_INTEGER,
      none: 0,
      on: true,
      off: false,
      digits: '007',
      word: 'true',
      pin: { value: 1234, secret: true } as const,
    };
    const shown = { ...parameters, pin: '***' };
    const show = async (skillId: string) =>
      ((await api.get(`/skills/${skillId}`).expect(200)).body.endpoints as { parameters: object }[])[0]?.parameters;
    const body = () => skillBody({ endpoints: [{ url, parameters }] });
    const created = (await api.post('/skills', body()).expect(201)).body;
    expect(created.endpoints[0].parameters).toEqual(shown);
    const path = `/skills/${created.skill_id}`;
    await api.put(path, { ...body(), name: created.name }).expect(200);
    await api.patch(path, { endpoints: [{ url, parameters: { ...parameters, pin: '***' } }] }).expect(200);
    await api.patch(path, { description: 'New' }).expect(200);
    const registered = (await api.post('/skills/register', body()).expect(200)).body.data.skill_id;
    const { results } = (await api.post('/skills/batch', { skills: [body(), body()] }).expect(200)).body.data;
    for (const id of [created.skill_id, registered, results[0].skill_id, results[1].skill_id]) {
      expect(await show(id)).toEqual(shown);
    }
    const found = (await api.get(`/skills/discover?name=${created.name}`).expect(200)).body.data;
    expect(found.skills[0].endpoints[0].parameters).toEqual(shown);
    for (const value of [2 ** 53, 1e300, null, [], { value: null, secret: true }]) {
      const endpoints = [{ url, parameters: { limit: value } }];
      const faults = expectError(await api.patch(path, { endpoints }), 400, 1001);
      expect(faults).toEqual([expect.stringMatching(/^endpoints\.0\.parameters the value of "limit" must be text/)]);
    }
  });

  it('warns of parameters that look like those of the registry, and are not', async () => {
    const endpoints = [
      { url: 'http://localhost:8001/odd', parameters: { health_intervall: 5, region: 'eu', timeout: '1' } },
    ];
    const warnings = [
      {
        field: 'endpoints.0.parameters.health_intervall',
        reason: expect.stringContaining('"health_interval"') as string,
      },
      { field: 'endpoints.0.parameters.timeout', reason: expect.stringContaining('"timeout_ms"') as string },
    ];
    expect((await api.post('/skills', skillBody({ endpoints })).expect(201)).body.warnings).toEqual(warnings);
    const { body } = await api.post('/skills/register', skillBody({ endpoints })).expect(200);
    expect(body.data.warnings).toEqual(warnings);
    expect((await api.patch(`/skills/${body.data.skill_id}`, { endpoints })).body.warnings).toEqual(warnings);
    const batch = await api.post('/skills/batch', { skills: [skillBody({ endpoints })] }).expect(200);
    expect(batch.body.data.results[0].warnings).toEqual(warnings);
    const shown = (await api.get(`/skills/${body.data.skill_id}`).expect(200)).body;
    expect(shown.warnings).toBeUndefined();
    expect(shown.endpoints[0].parameters).toEqual(endpoints[0]?.parameters);
  });
});
