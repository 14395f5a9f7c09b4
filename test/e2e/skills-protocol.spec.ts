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
        skill_id: expect.stringMatching(UUID),
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
    expectError(await api.post('/skills/register', skillBody({ skill_id: 'x' })), 400, 1001);
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
      data: { skill_id, status: 'unregistered', unregistered_at: expect.stringMatching(TIME) },
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
      data: { skill_id, status: 'maintenance', updated_at: expect.stringMatching(TIME) },
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
    expect((await discover('')).skills[0]).toEqual((await api.get(`/skills/${skill_id}`)).body);
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
});
