import { setTimeout as delay } from 'node:timers/promises';
import { endServices, runService, type ServiceProcess, spawnService } from '../support/service-process.js';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { adminToken, type Answer, call, createSkill, readiness, untilReady } from '../support/service-api.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const ADMIN_SECRET = 'an-admin-secret-of-many-letters';
/** What the settings below allow one request: a wait for a connection, then one for the answer, and some air. */
const BOUND_MS = 10_000;
const SETTINGS = {
  SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET,
  DATABASE_STATEMENT_TIMEOUT: '500',
  DATABASE_CONNECT_TIMEOUT: '700',
  DATABASE_POOL_SIZE: '3',
};

describe('PostgreSQL away', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await TcpProxy.start(database.url);
    env = { ...SETTINGS, DATABASE_URL: proxy.url };
  });
  afterAll(async () => {
    await endServices();
    await proxy.close();
    await database.drop();
  });

  describe('at the start', () => {
    it('says that it waits while it refuses or hangs, and gives up in time', async () => {
      const [refusing, hanging] = [await TcpProxy.start(database.url), await TcpProxy.start(database.url)];
      await refusing.cut();
      await hanging.pause();
      const run = ({ url }: TcpProxy) =>
        runService({ env: { ...env, DATABASE_URL: url, DATABASE_START_TIMEOUT: '2' } });
      for (const { code, output, ms } of await Promise.all([run(refusing), run(hanging)])) {
        expect(code).toBe(1);
        expect(output).toMatch(/PostgreSQL at 127\.0\.0\.1:\d+\/test_\w+ does not answer \(.+\); trying for \d s more/);
        expect(output).toMatch(/Cannot use PostgreSQL at .+: .+\. Check DATABASE_URL/);
        expect(output).not.toContain(new URL(database.url).password);
        expect(output).not.toMatch(/"stack"|\n +at /);
        expect(ms).toBeGreaterThan(2_000);
      }
      await Promise.all([refusing.close(), hanging.close()]);
    });

    it('does not wait where waiting changes nothing', async () => {
      const url = new URL(database.url);
      url.password = 'a-wrong-password';
      const { code, output } = await runService({ env: { ...env, DATABASE_URL: url.toString() } });
      expect(code).toBe(1);
      expect(output).toMatch(/Cannot use PostgreSQL at .+password authentication failed/);
      expect(output).not.toContain('a-wrong-password');
      expect(output).not.toContain('trying for');
    });
  });

  describe('under a running service', () => {
    let service: ServiceProcess;
    let token: string;
    let skillId: string;
    /** Of a client that is limited to a Space, with a Skill there that has a lease. */
    let limited: { token: string; skillId: string };

    beforeAll(async () => {
      await proxy.cut();
      service = spawnService({ env });
      await until(() => service.output.includes('does not answer') || !service.isRunning);
      await proxy.restore();
      await until(() => service.isReady || !service.isRunning);
      token = await adminToken(service.url, ADMIN_SECRET);
      skillId = await createSkill(service.url, token, skillBody());
      limited = await inSpace();
    });
    async function inSpace(): Promise<typeof limited> {
      const api = `${service.url}/api/v1`;
      const client = { client_id: 'limited', name: 'Limited', role: 'publisher', spaces: ['building-7'] };
      const { body: made } = await call<{ client_secret: string }>(`${api}/auth/clients`, { token, body: client });
      const { body: granted } = await call<{ access_token: string }>(`${api}/auth/token`, {
        body: { grant_type: 'client_credentials', client_id: 'limited', client_secret: made.client_secret },
      });
      const { body: registered } = await call<{ data: { skill_id: string } }>(`${api}/skills/register`, {
        token: granted.access_token,
        body: skillBody(),
      });
      return { token: granted.access_token, skillId: registered.data.skill_id };
    }
    afterEach(() => proxy.restore());

    it('has waited for it to be there', () => {
      expect(service.isReady).toBe(true);
    });

    /** Reads, writes and asks for a token, all at once: more than the pool has connections. */
    function burst(): Promise<Answer[]> {
      const { url } = service;
      const body = { grant_type: 'client_credentials', client_id: 'admin', client_secret: ADMIN_SECRET };
      const writes = Array.from({ length: 8 }, () => call(`${url}/api/v1/skills/`, { token, body: skillBody() }));
      const reads = Array.from({ length: 8 }, () => call(`${url}/api/v1/skills/?name=${Math.random()}`, { token }));
      const others = [
        call(`${url}/api/v1/skills/${skillId}/status`, { token }),
        call(`${url}/api/v1/auth/token`, { body }),
      ];
      return Promise.all([...writes, ...reads, ...others]);
    }

    function expectUnavailable(answers: readonly Answer[]): void {
      for (const { status, body, ms } of answers) {
        expect({ status, body }).toMatchObject({ status: 503, body: { code: 1008, details: [] } });
        expect(JSON.stringify(body)).not.toMatch(/ECONN|timeout|query|127\.0\.0\.1/i);
        expect(ms).toBeLessThan(BOUND_MS);
      }
    }

    async function expectRecovery(): Promise<void> {
      await untilReady(service.url);
      await until(async () => (await burst()).every(({ status }) => status < 300), 15_000);
      expect((await call(`${service.url}/health`)).body).toMatchObject({ status: 'healthy' });
    }

    async function expectUnhealthy(): Promise<void> {
      await until(async () => (await readiness(service.url)) === 503);
      const [alive, health] = await Promise.all([call(`${service.url}/livez`), call(`${service.url}/health`)]);
      expect(alive.status).toBe(200);
      expect(health).toMatchObject({
        status: 503,
        body: { status: 'unhealthy', checks: { database: { status: 'down' } } },
      });
    }

    /** Beats, one and many, and reads that cannot be answered from memory. */
    function limitedBurst(): Promise<Answer[]> {
      const api = `${service.url}/api/v1`;
      const { token: own, skillId: id } = limited;
      const beats = Array.from({ length: 40 }, (_, index) =>
        index % 2 === 0
          ? call(`${api}/skills/${id}/heartbeat`, { token: own, method: 'POST' })
          : call(`${api}/heartbeats`, { token: own, body: { heartbeats: [{ skill_id: id }] } }),
      );
      // Of each its own, so that memory has no answer.
      const name = `name=${Math.random()}`;
      const reads = [`/skills/?${name}`, `/skills/discover?${name}`, `/capabilities?${name}`, `/skills/${id}/status`];
      return Promise.all([...beats, ...reads.map((path) => call(api + path, { token: own }))]);
    }

    it.each([
      ['is down', () => proxy.cut()],
      ['hangs', () => proxy.pause()],
    ])('tells clients that are limited to Spaces 503 (1008) in bounded time while it %s', async (_, fault) => {
      await fault();
      const [answers, unlimited] = await Promise.all([
        limitedBurst(),
        call(`${service.url}/api/v1/skills/${limited.skillId}/heartbeat`, { token, method: 'POST' }),
      ]);
      expectUnavailable(answers);
      // The lease store alone answers for them.
      expect(unlimited.status).toBe(200);
      await proxy.restore();
      await expectRecovery();
      await until(async () => (await limitedBurst()).every(({ status }) => status === 200));
      expect(service.output).not.toContain('DeprecationWarning');
    });

    it('answers 503 (1008) while it is down, and recovers by itself', async () => {
      await proxy.cut();
      expectUnavailable(await burst());
      await expectUnhealthy();
      expect(service.output).toContain('a pooled connection was lost: Connection terminated unexpectedly');
      await proxy.restore();
      await expectRecovery();
    });

    it('answers 503 (1008) in bounded time while it hangs, and recovers by itself', async () => {
      await proxy.pause();
      const [answers] = await Promise.all([burst(), expectUnhealthy()]);
      expectUnavailable(answers);
      await proxy.restore();
      await expectRecovery();
    });

    it('gives up connections that stay silent after it is back elsewhere', async () => {
      await proxy.pause();
      expectUnavailable(await burst());
      proxy.restoreForNew();
      await expectRecovery();
    });

    it('stops in bounded time while it hangs', async () => {
      await proxy.pause();
      const answers = burst();
      await delay(100);
      const began = performance.now();
      await expect(service.stop()).resolves.toMatchObject({ code: 0 });
      expect(performance.now() - began).toBeLessThan(2 * BOUND_MS);
      expectUnavailable(await answers);
      expect(service.output).not.toContain(new URL(database.url).password);
    });
  });
});
