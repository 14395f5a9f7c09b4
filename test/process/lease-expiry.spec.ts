import { setTimeout as delay } from 'node:timers/promises';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { endServices, type ServiceProcess, startService } from '../support/service-process.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { adminToken, type Answer, call } from '../support/service-api.js';

const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';
/** The protocol's three intervals and the sweeper's tick; the rest is for a busy machine. */
const LEASE_MS = 3_000;
const ENDED_WITHIN_MS = 4_000;

interface Registered {
  skill_id: string;
  generation: number;
}

interface Sight {
  discovered: boolean;
  health: string;
  at: number;
}

describe.each(['in-process', 'Redis'])('a member with a lease (%s) that falls silent', (store) => {
  let database: TestDatabase;
  let redis: RedisServer | undefined;
  let service: ServiceProcess;
  let token: string;
  let skill: Registered;
  let ghost: Registered;
  const body = skillBody();
  const [{ url: endpoint_url }] = body.endpoints as [{ url: string }];

  beforeAll(async () => {
    database = await createTestDatabase();
    if (store === 'Redis') redis = await startRedisServer();
    const env = { DATABASE_URL: database.url, AI_BRIDGE_HEARTBEAT_INTERVAL: '1' };
    service = await startService({ env: { ...env, ...(redis && { REDIS_URL: redis.url }) } });
    token = await adminToken(service.url, service.adminSecret);
    ghost = await register();
    skill = await register();
  });
  afterAll(async () => {
    await endServices();
    await Promise.all([database.drop(), redis?.stop()]);
  });

  async function post(path: string, sent: object): Promise<Answer> {
    return call(`${service.url}/api/v1/${path}`, { token, body: sent });
  }

  async function register(): Promise<Registered> {
    const answer = await post('skills/register', body);
    expect(answer.status).toBe(200);
    const { skill_id, generation } = answer.body.data as Registered;
    return { skill_id, generation };
  }

  function beat({ skill_id, generation }: Registered): Promise<Answer> {
    return post(`skills/${skill_id}/heartbeat`, { endpoint_url, generation });
  }

  /** First whether it is discovered, then how it is: who is discovered no more is unhealthy, not the other way round. */
  async function look(): Promise<Sight> {
    const found = await call<{ data: { total: number } }>(`${service.url}/api/v1/skills/discover?name=${body.name}`, {
      token,
    });
    const status = await call<{ data: { health: string } }>(`${service.url}/api/v1/skills/${skill.skill_id}/status`, {
      token,
    });
    return { discovered: found.body.data.total === 1, health: status.body.data.health, at: performance.now() };
  }

  async function expectGhostRefused(): Promise<void> {
    expect(await beat(ghost)).toMatchObject({ status: 409, body: { code: 1006 } });
    const { skill_id, generation } = ghost;
    const many = await post('heartbeats', { heartbeats: [{ skill_id, generation }, { skill_id: UNKNOWN_ID }] });
    expect(many).toMatchObject({
      status: 200,
      body: {
        data: {
          results: [
            { status: 'stale', code: 1006 },
            { status: 'unknown', code: 1004 },
          ],
        },
      },
    });
  }

  it('is out 3 to 4 s after its last heartbeat, whatever a ghost of it sends', async () => {
    const { skill_id, generation } = skill;
    expect(ghost.skill_id).toBe(skill_id);
    expect(ghost.generation).toBeLessThan(generation);
    // Nothing happens to leases for a full lease after a start.
    const end = performance.now() + LEASE_MS;
    while (performance.now() < end) {
      await beat(skill);
      await delay(500);
    }
    const sent = performance.now();
    expect(await beat(skill)).toMatchObject({ status: 200, body: { data: { generation } } });
    const answered = performance.now();
    const sights: Sight[] = [await look()];
    while (sights.at(-1)?.discovered === true && performance.now() - answered < 2 * ENDED_WITHIN_MS) {
      await expectGhostRefused();
      sights.push(await look());
    }
    const healths = sights.map(({ health }) => health).filter((health, index, all) => health !== all[index - 1]);
    expect(healths).toEqual(['healthy', 'warning', 'unhealthy']);
    const warned = sights.find(({ health }) => health === 'warning')?.at ?? 0;
    expect(warned - sent).toBeGreaterThan(LEASE_MS / 2);
    expect(warned - answered).toBeLessThan(ENDED_WITHIN_MS / 2 + 500);
    const ended = sights.at(-1)?.at ?? 0;
    expect(ended - sent).toBeGreaterThan(LEASE_MS);
    expect(ended - answered).toBeLessThan(ENDED_WITHIN_MS);
  });

  it('is not revived by a ghost', async () => {
    await expectGhostRefused();
    expect(await look()).toMatchObject({ discovered: false, health: 'unhealthy' });
  });

  it('is back when its next heartbeat is answered', async () => {
    expect(await beat(skill)).toMatchObject({ status: 200 });
    expect(await look()).toMatchObject({ discovered: true, health: 'healthy' });
  });

  it('has a history', async () => {
    const events = await database.query(
      'SELECT event, endpoint_url, actor FROM skill_events WHERE skill_id = $1 AND endpoint_url IS NOT NULL ORDER BY id',
      [skill.skill_id],
    );
    expect(events).toEqual([
      { event: 'endpoint_warning', endpoint_url, actor: 'sweeper' },
      { event: 'endpoint_unhealthy', endpoint_url, actor: 'sweeper' },
      { event: 'endpoint_healthy', endpoint_url, actor: 'admin' },
    ]);
  });

  it('is asked to register when nobody knows it', async () => {
    expect(await beat({ skill_id: UNKNOWN_ID, generation: 1 })).toMatchObject({ status: 404, body: { code: 1004 } });
  });
});
