import { jest } from '@jest/globals';
import { Renewals } from '../../libs/registry-heartbeat/src/heartbeats/renewals.js';
import { HeartbeatJournal } from '../../libs/registry-heartbeat/src/heartbeats/heartbeat-journal.js';
import { LEASE_STORES } from '../support/lease-stores.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiOf, expectError, NOBODY, TIME } from './api.js';

interface Registered {
  skill_id: string;
  generation: number;
}

describe.each(LEASE_STORES)('many heartbeats at once with leases in %s', (kind) => {
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
  const beat = async (heartbeats: object[], as = api) => {
    const { body } = await as.post('/heartbeats', { heartbeats }).expect(200);
    return body.data.results as { skill_id: string; status: string; code?: number; message?: string }[];
  };

  it('are answered in the envelope, with the lease of each ok item', async () => {
    const { skill_id } = await register();
    const { body } = await api.post('/heartbeats/', { heartbeats: [{ skill_id }] }).expect(200);
    expect(body).toEqual({
      code: 0,
      message: 'success',
      data: {
        results: [{ skill_id, status: 'ok' }],
        lease: { expires_at: expect.stringMatching(TIME), ttl: 90 },
        interval: expect.any(Number),
        server_time: expect.stringMatching(TIME),
      },
    });
    expect(body.data.interval).toBeGreaterThanOrEqual(27);
    expect(body.data.interval).toBeLessThanOrEqual(30);
  });

  it('renew the endpoints of a Skill once, however often a batch names it; the last word holds', async () => {
    const url = (n: number) => `http://once-${n}/`;
    const { skill_id, generation } = await register({
      endpoints: Array.from({ length: 200 }, (_, n) => ({ url: url(n) })),
    });
    const renew = jest.spyOn(Renewals.prototype, 'renew');
    const heartbeats = Array.from({ length: 1_000 }, (_, n) => ({
      skill_id,
      ...(n % 2 === 0 ? {} : { endpoint_url: url(n % 5) }),
      ...(n % 10 === 0 && { generation }),
      ...(n % 100 === 1 && { generation: generation - 1 }),
      health: n === 998 ? 'warning' : 'healthy',
      uptime: n,
    }));
    const results = await beat(heartbeats);
    expect(renew.mock.calls.length).toBeLessThanOrEqual(2 + 5 + 5);
    renew.mockRestore();
    expect(results).toHaveLength(1_000);
    for (const [n, { status, skill_id: id }] of results.entries()) {
      expect([n, id, status]).toEqual([n, skill_id, n % 100 === 1 ? 'stale' : 'ok']);
    }
    const { body } = await api.get(`/skills/${skill_id}`).expect(200);
    const healths = (body.endpoints as { url: string; health: string }[]).map(({ health }) => health);
    // Item 998 is of all endpoints; item 999, of one of them, comes after it.
    expect(healths.filter((health) => health === 'healthy')).toHaveLength(1);
  });

  it('have one result each, in order: ok, unknown as 404, stale as 409', async () => {
    const sent = skillBody({ endpoints: [{ url: 'http://batch/' }] });
    const { skill_id, generation } = await register(sent);
    await register(sent);
    const other = await register();
    const results = await beat([
      { skill_id, generation },
      { skill_id: NOBODY },
      { skill_id: skill_id.toUpperCase() },
      { skill_id, endpoint_url: 'http://batch/other' },
      { skill_id, endpoint_url: 'http://batch/', generation },
      { skill_id: other.skill_id, generation: other.generation + 1_000 },
      { skill_id: other.skill_id, generation: other.generation, health: 'warning' },
    ]);
    const stale = { skill_id, status: 'stale', code: 1006, message: 'A newer registration has taken over' };
    const unknown = { status: 'unknown', code: 1004, message: 'Skill does not exist' };
    expect(results).toEqual([
      stale,
      { skill_id: NOBODY, ...unknown },
      { skill_id, status: 'ok' },
      {
        skill_id,
        status: 'unknown',
        code: 1001,
        message: expect.stringContaining('endpoint_url is no endpoint of this Skill'),
      },
      stale,
      { skill_id: other.skill_id, ...unknown },
      { skill_id: other.skill_id, status: 'ok' },
    ]);
    expect((await api.get(`/skills/${other.skill_id}/status`)).body.data.health).toBe('warning');
  });

  it('of a publisher for the Skill of another fail alone', async () => {
    const [mine, other] = [apiOf(app, (await app.client('publisher')).token), await register()];
    const { skill_id } = await register({}, mine);
    const heartbeats = [{ skill_id: other.skill_id, health: 'unhealthy' }, { skill_id }];
    expect(await beat(heartbeats, mine)).toEqual([
      { skill_id: other.skill_id, status: 'unknown', code: 1003, message: 'This Skill belongs to another client' },
      { skill_id, status: 'ok' },
    ]);
    expect((await api.get(`/skills/${other.skill_id}/status`)).body.data.health).toBe('healthy');
    expect(await beat(heartbeats)).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
  });

  it('may hold one Skill again and again: what comes last holds', async () => {
    const { skill_id } = await register();
    const healths = ['unhealthy', 'healthy', 'warning'];
    expect(await beat(healths.map((health) => ({ skill_id, health })))).toEqual(
      healths.map(() => ({ skill_id, status: 'ok' })),
    );
    expect((await api.get(`/skills/${skill_id}/status`)).body.data.health).toBe('warning');
  });

  it('are a thousand at most, each with all that it may say', async () => {
    const bodies = Array.from({ length: 1_000 }, (_, n) =>
      skillBody({ endpoints: [{ url: `http://${kind}/${n}/${'x'.repeat(490)}`.slice(0, 512) }], capabilities: [] }),
    );
    const batch = await api.post('/skills/batch', { skills: bodies }).expect(200);
    const ids = (batch.body.data.results as Registered[]).map(({ skill_id }) => skill_id);
    const metrics = {
      uptime: 31_557_600_000,
      request_count: 2 ** 52,
      error_count: 2 ** 52,
      cpu_usage: 1,
      memory_usage: 1,
    };
    const heartbeats = ids.map((skill_id, index) => ({
      skill_id,
      endpoint_url: bodies[index]?.endpoints[0]?.url,
      health: 'unhealthy',
      ...metrics,
    }));
    expect(await beat(heartbeats)).toEqual(ids.map((skill_id) => ({ skill_id, status: 'ok' })));
    const { body } = await api.get(`/skills?include=unhealthy&limit=1`).expect(200);
    expect(body).toHaveLength(1);
    // The answer waits a second for what changed to be written, and no longer: a slow machine needs more for so many.
    await until(async () => (await api.get(`/skills/${ids.at(-1) ?? ''}/status`)).body.data.health === 'unhealthy');
    expectError(await api.post('/heartbeats', { heartbeats: [...heartbeats, heartbeats[0]] }), 400, 1001);
  });

  it('reach PostgreSQL, every one of more than a transaction takes', async () => {
    const skills = Array.from({ length: 1_100 }, (_, n) => skillBody({ endpoints: [{ url: `http://many/${n}` }] }));
    const ids: string[] = [];
    for (const part of [skills.slice(0, 600), skills.slice(600)]) {
      const { body } = await api.post('/skills/batch', { skills: part }).expect(200);
      ids.push(...(body.data.results as Registered[]).map(({ skill_id }) => skill_id));
    }
    for (const table of ['endpoint_leases', 'skills'])
      await app.database.query(`UPDATE ${table} SET last_heartbeat = now() - interval '1 hour'`);
    for (const part of [ids.slice(0, 600), ids.slice(600)]) await beat(part.map((skill_id) => ({ skill_id })));
    await app.app.get(HeartbeatJournal).flush();
    const [silent] = await app.database.query<{ leases: number; skills: number }>(
      `SELECT (SELECT count(*)::int FROM endpoint_leases
         WHERE skill_id = ANY($1) AND last_heartbeat < now() - interval '1 minute') AS leases,
       (SELECT count(*)::int FROM skills WHERE id = ANY($1) AND last_heartbeat < now() - interval '1 minute') AS skills`,
      [ids],
    );
    expect(silent).toEqual({ leases: 0, skills: 0 });
  });
});
