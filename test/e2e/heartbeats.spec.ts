import { setTimeout as delay } from 'node:timers/promises';
import { HeartbeatJournal } from '../../libs/registry-heartbeat/src/heartbeats/heartbeat-journal.js';
import { LeaseStore } from '../../libs/registry-heartbeat/src/leases/lease-store.js';
import { LEASE_STORES } from '../support/lease-stores.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError, NOBODY, TIME, UUID } from './api.js';

interface Registered {
  skill_id: string;
  generation: number;
}

interface Status {
  health: string;
  endpoints: { health: string; generation: number; lease: { expires_at: string } | null }[];
}

describe.each(LEASE_STORES)('heartbeats with leases in %s', (kind) => {
  let redis: RedisServer | undefined;
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    redis = kind === 'redis' ? await startRedisServer() : undefined;
    app = await startTestApp({ env: redis ? { REDIS_URL: redis.url } : {} });
    api = apiOf(app);
  }, 300_000);
  afterAll(async () => {
    await app.close();
    await redis?.stop();
  });

  const register = async (overrides = {}, as = api): Promise<Registered> =>
    (await as.post('/skills/register', skillBody(overrides)).expect(200)).body.data as Registered;
  const beat = (skillId: string, body?: object, as = api) => as.post(`/skills/${skillId}/heartbeat`, body);
  const status = async (skillId: string) =>
    (await api.get(`/skills/${skillId}/status`).expect(200)).body.data as Status;
  const discovered = async (name: string) => (await api.get(`/skills/discover?name=${name}`)).body.data.total as number;
  const flush = () => app.app.get(HeartbeatJournal).flush();
  /** A Skill of replicas that registered one after the other, each with its own address. */
  const replicas = async (...urls: string[]) => {
    const { name } = skillBody();
    const all = [];
    for (const url of urls) all.push(await register({ name, endpoints: [{ url }] }));
    return { name, skillId: all[0]?.skill_id ?? '', generations: all.map(({ generation }) => generation) };
  };

  it('are the only ones: a change by people leaves a lease as it is', async () => {
    const { skill_id } = await register();
    const before = await app.app.get(LeaseStore).remaining(skill_id);
    await delay(30);
    await api.patch(`/skills/${skill_id}`, { description: 'changed' }).expect(200);
    await api.put(`/skills/${skill_id}/status`, { status: 'maintenance' }).expect(200);
    const after = await app.app.get(LeaseStore).remaining(skill_id);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [id, left] of after) expect(left).toBeLessThanOrEqual((before.get(id) ?? 0) - 25);
  });

  it('are taken after PostgreSQL was restored from a backup that is older than the lease store', async () => {
    const { skill_id, generation } = await register();
    await app.database.query('UPDATE endpoint_leases SET generation = generation - 1 WHERE skill_id = $1', [skill_id]);
    await beat(skill_id, { generation: generation - 1 }).expect(200);
    await beat(skill_id, { generation: generation - 1 }).expect(200);
    expect(
      (await app.app.get(LeaseStore).renew([{ skillId: skill_id, generation: generation - 1, health: 'healthy' }]))[0],
    ).toMatchObject({ status: 'renewed', generation: generation - 1 });
  });

  it('of a Skill as a whole give a lease to each of its endpoints', async () => {
    const urls = ['http://static/1', 'http://static/2'];
    const { body } = await api.post('/skills', skillBody({ endpoints: urls.map((url) => ({ url })) })).expect(201);
    await beat(body.skill_id, { endpoint_url: urls[0] }).expect(200);
    expect((await status(body.skill_id)).endpoints.map(({ lease }) => lease === null)).toEqual([false, true]);
    await beat(body.skill_id).expect(200);
    expect((await status(body.skill_id)).endpoints.map(({ lease }) => lease === null)).toEqual([false, false]);
  });

  it('are answered with the lease, when to come next, and the generation', async () => {
    const { skill_id, generation } = await register();
    const { body } = await beat(skill_id).expect(200);
    expect(body).toEqual({
      code: 0,
      message: 'success',
      data: {
        skill_id,
        id: skill_id,
        lease: { expires_at: expect.stringMatching(TIME), ttl: 90 },
        interval: expect.any(Number),
        generation,
        server_time: expect.stringMatching(TIME),
      },
    });
    const { lease, server_time, interval } = body.data;
    expect(Math.abs(Date.parse(lease.expires_at) - Date.parse(server_time) - 90_000)).toBeLessThan(100);
    expect(interval).toBeGreaterThanOrEqual(27);
    expect(interval).toBeLessThanOrEqual(30);
  });

  it('name an endpoint in any spelling of its URL, also after a PUT has changed how it is shown', async () => {
    const urls = ['http://localhost:9301/', 'http://other:9301'];
    const { name } = skillBody();
    const { skill_id, generation } = await register({ name, endpoints: urls.map((url) => ({ url })) });
    const health = async () => (await status(skill_id)).endpoints.map((endpoint) => endpoint.health);
    for (const reported of ['unhealthy', 'healthy', 'unhealthy'] as const) {
      await beat(skill_id, { endpoint_url: 'HTTP://LOCALHOST:9301', generation, health: reported }).expect(200);
      expect(await health()).toEqual([reported, 'healthy']);
    }
    const put = skillBody({ name, endpoints: [{ url: 'http://LOCALHOST:9301' }, { url: 'http://OTHER:9301/' }] });
    await api.put(`/skills/${skill_id}`, put).expect(200);
    expect((await app.app.get(LeaseStore).remaining(skill_id)).size).toBe(2);
    for (const endpoint_url of ['HTTP://LOCALHOST:9301', 'http://localhost:9301/', 'http://LOCALHOST:9301']) {
      await beat(skill_id, { endpoint_url, generation, health: 'unhealthy' }).expect(200);
      await beat(skill_id, { endpoint_url, generation }).expect(200);
    }
    expect(await health()).toEqual(['healthy', 'healthy']);
    const spellings = ['http://localhost:9301/', 'http://Localhost:9301'];
    const heartbeats = spellings.map((endpoint_url) => ({ skill_id, endpoint_url, health: 'warning' }));
    const { body: many } = await api.post('/heartbeats', { heartbeats }).expect(200);
    expect(many.data.results).toEqual(heartbeats.map(() => ({ skill_id, status: 'ok' })));
    expect(await health()).toEqual(['warning', 'healthy']);
    expectError(await beat(skill_id, { endpoint_url: 'http://LOCALHOST:9301', generation: generation - 1 }), 409, 1006);
  });

  it('may say nothing, or everything', async () => {
    const { skill_id, generation } = await register({ endpoints: [{ url: 'http://all/' }] });
    await beat(skill_id).expect(200);
    await beat(skill_id).set('content-type', 'application/json').expect(200);
    await beat(skill_id, {}).expect(200);
    await api.post(`/skills/${skill_id.toUpperCase()}/heartbeat/`, {}).expect(200);
    const everything = {
      endpoint_url: 'http://all/',
      generation,
      health: 'healthy',
      uptime: 1.5,
      request_count: 2,
      error_count: 0,
      cpu_usage: 99.9,
      memory_usage: 100,
    };
    await beat(skill_id, everything).expect(200);
  });

  it('ask members to come at different times', async () => {
    const { skill_id } = await register();
    const intervals = new Set();
    for (let n = 0; n < 10; n += 1) intervals.add((await beat(skill_id)).body.data.interval);
    expect(intervals.size).toBeGreaterThan(5);
  });

  it('renew the endpoint that they name, and no other', async () => {
    const { skillId } = await replicas('http://one/1', 'http://one/2');
    const before = await status(skillId);
    await delay(200);
    await beat(skillId, { endpoint_url: 'http://one/2' }).expect(200);
    const after = await status(skillId);
    const ends = ({ endpoints }: Status) => endpoints.map(({ lease }) => Date.parse(lease?.expires_at ?? ''));
    const [first = 0, second = 0] = ends(after).map((end, index) => end - (ends(before)[index] ?? 0));
    // The same end is not told to the millisecond twice.
    expect(Math.abs(first)).toBeLessThan(100);
    expect(second).toBeGreaterThan(100);
  });

  it('may come from each replica with its own generation', async () => {
    const { skillId, generations } = await replicas('http://gen/1', 'http://gen/2');
    const [older = 0, newer = 0] = generations;
    expect(newer).toBeGreaterThan(older);
    const one = await beat(skillId, { endpoint_url: 'http://gen/1', generation: older }).expect(200);
    const two = await beat(skillId, { endpoint_url: 'http://gen/2', generation: newer }).expect(200);
    expect([one.body.data.generation, two.body.data.generation]).toEqual(generations);
    expect((await beat(skillId, { generation: older })).body.data.generation).toBe(older);
    expect((await beat(skillId)).body.data.generation).toBe(newer);
  });

  it('of a ghost are refused: its successor has registered', async () => {
    const body = skillBody({ endpoints: [{ url: 'http://ghost/' }] });
    const ghost = await register(body);
    const successor = await register(body);
    for (const said of [
      {},
      { endpoint_url: 'http://ghost/' },
      { endpoint_url: 'http://ghost/', health: 'unhealthy' },
    ]) {
      expectError(await beat(ghost.skill_id, { ...said, generation: ghost.generation }), 409, 1006);
    }
    await beat(ghost.skill_id, { generation: successor.generation }).expect(200);
    expect((await status(ghost.skill_id)).health).toBe('healthy');
  });

  it('for what does not exist are told to register: no Skill, no such registration', async () => {
    const { skill_id, generation } = await register();
    expectError(await beat(NOBODY), 404, 1004);
    expectError(await beat(skill_id, { generation: generation + 1_000 }), 404, 1004);
    await api.post(`/skills/${skill_id}/unregister`).expect(200);
    expectError(await beat(skill_id), 404, 1004);
    expectError(await beat(skill_id, { generation }), 404, 1004);
  });

  it('for a url that never was of the Skill are bad parameters; for one that was removed, 404', async () => {
    const { skill_id } = await register({ endpoints: [{ url: 'http://mine/' }] });
    const faults = expectError(await beat(skill_id, { endpoint_url: 'http://mine/1' }), 400, 1001);
    expect(faults).toEqual(['endpoint_url is no endpoint of this Skill']);
    await api.put(`/skills/${skill_id}`, skillBody({ endpoints: [{ url: 'http://mine/2' }] })).expect(200);
    expectError(await beat(skill_id, { endpoint_url: 'http://mine/' }), 404, 1004);
    await beat(skill_id, { endpoint_url: 'http://mine/2' }).expect(200);
  });

  it('of a publisher are for its own Skills', async () => {
    const [mine, other] = await Promise.all([app.client('publisher'), app.client('publisher')]);
    const { skill_id } = await register({}, apiOf(app, mine.token));
    await beat(skill_id, {}, apiOf(app, mine.token)).expect(200);
    expectError(await beat(skill_id, { health: 'unhealthy' }, apiOf(app, other.token)), 403, 1003);
    expectError(await beat(NOBODY, {}, apiOf(app, other.token)), 404, 1004);
    await beat(skill_id).expect(200);
    expect((await status(skill_id)).health).toBe('healthy');
  });

  it('give a Skill that nobody was heard of its first lease, or one of its endpoints', async () => {
    const lease = { expires_at: expect.stringMatching(TIME), ttl: 90 };
    const unheard = { generation: null, last_heartbeat: null, lease: null, health: 'healthy' };
    const create = async () => {
      const sent = skillBody({ endpoints: [{ url: 'http://s/1' }, { url: 'http://s/2' }] });
      const { skill_id, generation } = (await api.post('/skills', sent).expect(201)).body as Registered;
      expect(await status(skill_id)).toMatchObject({ last_heartbeat: null, endpoints: [unheard, unheard] });
      return { skillId: skill_id, heard: { generation, lease, last_heartbeat: expect.stringMatching(TIME) } };
    };
    const one = await create();
    await beat(one.skillId, { endpoint_url: 'http://s/2' }).expect(200);
    expect((await status(one.skillId)).endpoints).toMatchObject([unheard, one.heard]);
    expect((await app.app.get(LeaseStore).remaining(one.skillId)).size).toBe(1);
    const both = await create();
    await beat(both.skillId).expect(200);
    expect((await status(both.skillId)).endpoints).toMatchObject([both.heard, both.heard]);
    await flush();
    expect((await api.get(`/skills/${both.skillId}`)).body.last_heartbeat).toMatch(TIME);
  });

  it('change the health at once: what is unhealthy is hidden before its member hears of it', async () => {
    const { name, skillId } = await replicas('http://h/1', 'http://h/2');
    const said = async (health: string, url = 'http://h/1') => {
      await beat(skillId, { endpoint_url: url, health }).expect(200);
      const { endpoints, health: whole } = await status(skillId);
      expect((await api.get(`/skills/${skillId}`)).body.endpoints).toMatchObject(
        endpoints.map((endpoint) => ({ health: endpoint.health })),
      );
      return [endpoints.map((endpoint) => endpoint.health), whole];
    };
    expect(await said('warning')).toEqual([['warning', 'healthy'], 'warning']);
    expect(await discovered(name)).toBe(1);
    expect(await said('unhealthy')).toEqual([['unhealthy', 'healthy'], 'warning']);
    const { skills } = (await api.get(`/skills/discover?name=${name}`)).body.data;
    expect(skills[0].endpoints).toMatchObject([{ url: 'http://h/2' }]);
    expect(await said('unhealthy', 'http://h/2')).toEqual([['unhealthy', 'unhealthy'], 'unhealthy']);
    expect(await discovered(name)).toBe(0);
    expect(await said('healthy', 'http://h/2')).toEqual([['unhealthy', 'healthy'], 'warning']);
    expect(await discovered(name)).toBe(1);
    await beat(skillId).expect(200);
    expect((await status(skillId)).health).toBe('healthy');
  });

  it('keep the lease of a member that says it is unhealthy', async () => {
    const { skill_id } = await register();
    await beat(skill_id, { health: 'unhealthy' }).expect(200);
    const { endpoints } = await status(skill_id);
    expect(endpoints).toMatchObject([{ health: 'unhealthy', lease: { ttl: 90 } }]);
  });

  it('go on when the Skill is changed: its endpoints keep their leases, one that is gone has none', async () => {
    const { skill_id, generation } = await register({ endpoints: [{ url: 'http://c/1' }, { url: 'http://c/2' }] });
    const held = async () => (await app.app.get(LeaseStore).remaining(skill_id)).size;
    await api.patch(`/skills/${skill_id}`, { description: 'changed' }).expect(200);
    expect(await held()).toBe(2);
    await beat(skill_id, { generation }).expect(200);
    await api.patch(`/skills/${skill_id}`, { endpoints: [{ url: 'http://c/2' }] }).expect(200);
    expect(await held()).toBe(1);
    expectError(await beat(skill_id, { endpoint_url: 'http://c/1' }), 404, 1004);
    await beat(skill_id, { endpoint_url: 'http://c/2', generation }).expect(200);
    await api.delete(`/skills/${skill_id}`).expect(204);
    expect(await held()).toBe(0);
  });

  it('are outlived by a registration: it is healthy, whatever was said before', async () => {
    const body = skillBody();
    const { skill_id } = await register(body);
    await beat(skill_id, { health: 'unhealthy' }).expect(200);
    await register(body);
    await flush();
    expect((await status(skill_id)).health).toBe('healthy');
    expect(await discovered(body.name)).toBe(1);
  });

  it('follow registrations of every kind, whose answers hold lease and interval', async () => {
    const sent = skillBody();
    const { body } = await api.post('/skills/register', sent).set('idempotency-key', `beat-${kind}`).expect(200);
    expect(body.data).toEqual({
      skill_id: body.data.id,
      id: expect.stringMatching(UUID),
      status: 'registered',
      registered_at: expect.stringMatching(TIME),
      generation: expect.any(Number),
      lease: { expires_at: expect.stringMatching(TIME), ttl: 90 },
      interval: expect.any(Number),
    });
    const batch = await api.post('/skills/batch', { skills: [skillBody(), skillBody()] }).expect(200);
    for (const { skill_id } of [body.data, ...batch.body.data.results]) {
      expect((await status(skill_id)).endpoints).toMatchObject([{ lease: { ttl: 90 } }]);
      await beat(skill_id).expect(200);
    }
  });

  it('are told of a registration once: repeated with its key it opens nothing', async () => {
    const sent = skillBody({ endpoints: [{ url: 'http://again/' }] });
    const registering = () => api.post('/skills/register', sent).set('idempotency-key', `again-${kind}`).expect(200);
    const { body } = await registering();
    await beat(body.data.skill_id, { health: 'unhealthy' }).expect(200);
    const before = await status(body.data.skill_id);
    expect((await registering()).body).toEqual(body);
    const after = await status(body.data.skill_id);
    expect(after.endpoints).toMatchObject([{ health: 'unhealthy', generation: before.endpoints[0]?.generation }]);
    await api.post(`/skills/${body.data.skill_id as string}/unregister`).expect(200);
    expect((await registering()).body).toEqual(body);
    expectError(await beat(body.data.skill_id), 404, 1004);
  });
});
