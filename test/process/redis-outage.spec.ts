import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { endServices, type ServiceProcess, startService } from '../support/service-process.js';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { adminToken, type Answer, call, createSkill } from '../support/service-api.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('Redis away', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let proxy: TcpProxy;
  let service: ServiceProcess;
  let token: string;
  let skillIds: string[];

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), startRedisServer()]);
    proxy = await TcpProxy.start(redis.url);
    await proxy.cut();
  });
  afterAll(async () => {
    await endServices();
    await proxy.close();
    await Promise.all([database.drop(), redis.stop()]);
  });

  async function expectState(status: 'healthy' | 'warning', redisStatus: 'up' | 'degraded'): Promise<void> {
    let health: Answer | undefined;
    await until(
      async () => (health = await call(`${service.url}/health`)).body.status === status,
      30_000,
      () => JSON.stringify(health?.body),
    );
    expect(health).toMatchObject({ status: 200, body: { checks: { redis: { status: redisStatus } } } });
    const ready = await call(`${service.url}/readyz`);
    expect(ready).toMatchObject({ status: 200, body: { status: 'ready', checks: { redis: { status: redisStatus } } } });
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain(`\nredis_up ${redisStatus === 'up' ? 1 : 0}\n`);
  }

  /** Reads that are cached and changes that invalidate; every one sees the change before it. */
  async function expectService(): Promise<void> {
    await Promise.all(
      skillIds.map(async (id) => {
        const url = `${service.url}/api/v1/skills/${id}`;
        for (const description of ['first', 'second', 'third']) {
          const changed = await call(url, { method: 'PATCH', token, body: { description } });
          expect(changed.status).toBe(200);
          const reads = await Promise.all([call(url, { token }), call(url, { token }), call(url, { token })]);
          for (const { status, body, ms } of [changed, ...reads]) {
            expect({ status, body }).toMatchObject({ status: 200, body: { description } });
            expect(ms).toBeLessThan(10_000);
          }
        }
      }),
    );
  }

  it('starts without it', async () => {
    service = await startService({ env: { DATABASE_URL: database.url, REDIS_URL: proxy.url } });
    token = await adminToken(service.url, service.adminSecret);
    skillIds = await Promise.all([1, 2, 3, 4].map(() => createSkill(service.url, token, skillBody())));
    await expectState('warning', 'degraded');
    await expectService();
  });

  it('uses it once it is there', async () => {
    await proxy.restore();
    await expectState('healthy', 'up');
    await expectService();
  });

  it.each([
    ['is cut off', () => proxy.cut()],
    ['hangs', () => proxy.pause()],
  ])('serves on while it %s, says so in /health, and recovers by itself', async (_, fault) => {
    await fault();
    await expectService();
    await expectState('warning', 'degraded');
    await expectService();
    await proxy.restore();
    await expectState('healthy', 'up');
    await expectService();
  });

  it('stops while it hangs', async () => {
    await proxy.pause();
    const began = performance.now();
    await expect(service.stop()).resolves.toMatchObject({ code: 0 });
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(service.messages.at(-1)).toBe('stopped');
    expect(service.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});
