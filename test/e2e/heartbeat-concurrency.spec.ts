import { HEALTHS } from '#skills';
import { HealthReports } from '../../libs/registry-heartbeat/src/heartbeats/health-reports.js';
import { HeartbeatJournal } from '../../libs/registry-heartbeat/src/heartbeats/heartbeat-journal.js';
import { startRedisServer } from '../support/redis-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { type Api, apiOf } from './api.js';

interface Registered {
  skill_id: string;
  generation: number;
}

describe('heartbeats at the same time', () => {
  let database: TestDatabase;
  let app: TestApp;
  let api: Api;
  beforeEach(async () => {
    database = await createTestDatabase();
    app = await startTestApp({ database });
    api = apiOf(app);
  });
  afterEach(() => database.drop());

  /** Ends the service: only then has every connection told of the deadlocks that it was in. */
  const deadlocks = async () => {
    await app.close();
    const [row] = await database.query<{ deadlocks: number }>(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    return row?.deadlocks;
  };

  it('of many clients do not wait for each other, in whatever order they come', async () => {
    const skills = Array.from({ length: 60 }, () => skillBody());
    await api.post('/skills/batch', { skills }).expect(200);
    const endpoints = await database.query<{ id: string }>('SELECT id FROM skill_endpoints');
    const reports = app.app.get(HealthReports);
    for (const health of [...HEALTHS, ...HEALTHS]) {
      const said = endpoints.map(({ id }, index) => ({ endpointId: id, health, actor: `client-${index % 6}` }));
      await Promise.all([reports.apply(said), reports.apply(said.toReversed()), reports.apply(said.slice(30))]);
    }
    expect(await deadlocks()).toBe(0);
  });

  it('of one member at two replicas: the last one holds, whichever is written first', async () => {
    const redis = await startRedisServer();
    const env = { REDIS_URL: redis.url, SECURITY_JWT_SECRET: 'a-secret-of-both-0123456789-abcdefghij' };
    const replicas = [await startTestApp({ database, env }), await startTestApp({ database, env })];
    const [first, second] = replicas.map((replica) => apiOf(replica));
    const { skill_id } = (await api.post('/skills/register', skillBody())).body.data as Registered;
    await first?.post(`/skills/${skill_id}/heartbeat`, { health: 'unhealthy' }).expect(200);
    await second?.post(`/skills/${skill_id}/heartbeat`, { health: 'warning' }).expect(200);
    for (const replica of replicas.toReversed()) {
      await replica.app.get(HeartbeatJournal).flush();
      await replica.close();
    }
    expect((await api.get(`/skills/${skill_id}/status`)).body.data.health).toBe('warning');
    await redis.stop();
    expect(await deadlocks()).toBe(0);
  });

  it('as registrations and their ends are answered, each with one of its answers, and leave a Skill that lives', async () => {
    const bodies = Array.from({ length: 5 }, () => skillBody());
    const register = async (body: object) =>
      (await api.post('/skills/register', body).expect(200)).body.data as Registered;
    const ids = (await Promise.all(bodies.map(register))).map(({ skill_id }) => skill_id);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => {
        const [skill_id, body, health] = [ids[n % 5] ?? '', bodies[n % 5] ?? {}, HEALTHS[n % 3]];
        if (n % 20 === 7) return api.post(`/skills/${skill_id}/unregister`);
        if (n % 4 === 1) return api.post('/skills/register', body);
        if (n % 4 === 2) return api.post('/heartbeats', { heartbeats: ids.map((id) => ({ skill_id: id, health })) });
        return api.post(`/skills/${skill_id}/heartbeat`, { health });
      }),
    );
    const unexpected = answers.filter(({ status }) => ![200, 404].includes(status)).map(({ text }) => text);
    expect(unexpected).toEqual([]);
    for (const body of bodies) {
      const { skill_id, generation } = await register(body);
      await api.post(`/skills/${skill_id}/heartbeat`, { generation }).expect(200);
      expect((await api.get(`/skills/${skill_id}/status`)).body.data).toMatchObject({
        health: 'healthy',
        endpoints: [{ generation, health: 'healthy', lease: { ttl: 90 } }],
      });
    }
    expect(await deadlocks()).toBe(0);
  });
});
