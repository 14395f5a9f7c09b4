import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CallbackServer } from '../support/callback-server.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { endServices, runService } from '../support/service-process.js';
import { BEHAVIOURS, SkillServer } from '../support/skill-server.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { Balancer } from './balancer.js';
import { buildEarlier, type EarlierBuild } from './earlier-build.js';
import { Replica } from './replica.js';
import { COMPLETED, LEASED, LEASED_CAPABILITY, Traffic } from './traffic.js';

const ADMIN = { client_id: 'admin', client_secret: 'an-admin-secret-for-the-upgrade' };
const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** Seconds; three of them are a lease. */
const HEARTBEAT_INTERVAL = '2';
/** Milliseconds of traffic before, between and after the steps. */
const STRETCH_MS = 5_000;
/** AI Bridge v0.6.0, caching limits: metadata of Skills is that old at most. */
const CATALOGUE_MS = 30_000;
const SYNC = 'upgrade.sync';
const ASYNC = 'upgrade.async';
/** Asynchronous calls that wait at once, for lanes that are two per replica. */
const QUEUED = 20;
/** Failures that are told, of perhaps thousands. */
const SHOWN = 10;

describe('a rolling upgrade under load', () => {
  let build: EarlierBuild;
  let database: TestDatabase;
  let redis: RedisServer;
  let skill: SkillServer;
  let receiver: CallbackServer;
  let env: Record<string, string>;
  let older: Replica;
  let newer: Replica;
  let traffic: Traffic | undefined;
  let callable: string;
  let silent: string;
  /** Executions by id, that were accepted. */
  const accepted = new Set<string>();
  const balancer = new Balancer();

  beforeAll(async () => {
    build = buildEarlier();
    database = await createTestDatabase({ empty: true });
    redis = await startRedisServer();
    receiver = await CallbackServer.start(SIGNING_SECRET);
    // Asynchronous calls take long enough to wait for each other.
    skill = await SkillServer.start((received, response) => {
      const answer = (): void => {
        BEHAVIOURS.echo(received, response);
      };
      setTimeout(answer, received.body.capability === ASYNC ? 100 : 0);
    });
    env = {
      NODE_ENV: 'production',
      APP_HOST: '127.0.0.1',
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      SECURITY_ADMIN_CLIENT_SECRET: ADMIN.client_secret,
      SECURITY_JWT_SECRET: 'a-secret-that-both-of-the-versions-know',
      SECURITY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      CALLBACK_SIGNING_SECRET: SIGNING_SECRET,
      AI_BRIDGE_HEARTBEAT_INTERVAL: HEARTBEAT_INTERVAL,
      OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
      RATE_LIMIT_READS: '0',
      RATE_LIMIT_WRITES: '0',
      COMMAND_QUEUE_CONCURRENCY: '2',
    };
  }, 600_000);
  afterAll(async () => {
    await traffic?.stop();
    await endServices();
    await Promise.all([skill.stop(), receiver.stop(), redis.stop()]);
    await database.drop();
    build.remove();
  });

  /** Queues calls at one replica until the other has made some of them. */
  async function queueFor(one: Replica, other: Replica): Promise<void> {
    const before = await other.callsMade(ASYNC);
    await until(async () => {
      for (let n = 0; n < QUEUED; n += 1) {
        const command = { command_id: `async-${accepted.size}`, skill_id: callable, capability_id: ASYNC };
        const body = { ...command, parameters: { number: accepted.size }, callback_url: receiver.url };
        accepted.add((await one.get<{ execution_id: string }>('/commands/execute', body)).execution_id);
      }
      await until(() => skill.calls.filter(({ body }) => body.capability === ASYNC).length >= accepted.size);
      return (await other.callsMade(ASYNC)) > before;
    }, 60_000);
  }

  let isBroken = false;
  /** One step after the other: after one that failed, the rest is not tried. */
  function step(name: string, work: () => Promise<void>, timeoutMs: number): void {
    it(
      name,
      async () => {
        if (isBroken) throw new Error('a step before this one failed');
        isBroken = true;
        await work();
        isBroken = false;
      },
      timeoutMs,
    );
  }

  const knowsQueues = (): boolean => existsSync(join(build.root, 'libs', 'commands', 'src', 'queue'));

  step(
    'begins with the version before, which serves while the new one migrates',
    async () => {
      older = await Replica.start({ build: build.root, env }, ADMIN);
      const leased: string[] = [];
      for (let n = 0; n < LEASED; n += 1) {
        leased.push(await older.register({ capabilities: [{ name: LEASED_CAPABILITY }], metadata: { n: String(n) } }));
      }
      const endpoints = [{ url: skill.url }];
      callable = await older.create({ endpoints, capabilities: [{ name: SYNC }, { name: ASYNC }] });
      balancer.add(older.url);
      traffic = new Traffic(balancer, [older.tokens.access_token], { skillId: callable, capability: SYNC }, leased);
      traffic.start();
      await delay(STRETCH_MS);
      const migrated = await runService({ program: 'database-cli.js', args: ['migrate'], env });
      expect(migrated).toMatchObject({ code: 0, output: expect.stringMatching(/^migrated: \w+/) });
      process.stdout.write(`from ${build.commit.slice(0, 7)}, ${migrated.output}`);
      await delay(STRETCH_MS);
      expect(await older.isReady()).toBe(true);
      expect(balancer.failures.slice(0, SHOWN)).toEqual([]);
    },
    120_000,
  );

  step(
    'goes on with both side by side: what one says holds at the other',
    async () => {
      newer = await Replica.start({ env }, ADMIN);
      balancer.add(newer.url);
      traffic?.addToken(newer.tokens.access_token);
      silent = await older.register({ name: 'silent-skill', capabilities: [{ name: 'upgrade.silent' }] });
      for (const [one, other] of [
        [older, newer],
        [newer, older],
      ] as const) {
        // Tokens, sessions, revocations and keys.
        const refreshed = await other.refresh((await one.refresh(one.tokens.refresh_token)).refresh_token);
        const credential = { token: refreshed.access_token };
        expect((await one.ask('/auth/me', { credential })).status).toBe(200);
        await one.revoke(refreshed.access_token);
        await until(async () => (await other.ask('/auth/me', { credential })).status === 401, CATALOGUE_MS);
        const created = await one.get<{ key_id: string; api_key: string }>('/auth/clients/admin/api-keys', {
          name: 'a key',
        });
        const key = { credential: { key: created.api_key } };
        expect((await other.ask('/skills/?limit=1', key)).status).toBe(200);
        await other.ask(`/auth/clients/admin/api-keys/${created.key_id}`, { method: 'DELETE' });
        await until(async () => (await one.ask('/skills/?limit=1', key)).status === 401, CATALOGUE_MS);
        // The catalogue, of what the other has read before.
        const id = await one.register({ description: 'before' });
        const told = async (): Promise<string> =>
          (await other.get<{ description: string }>(`/skills/${id}`)).description;
        expect(await told()).toBe('before');
        await one.get(`/skills/${id}`, { description: 'after' }, 'PATCH');
        await until(async () => (await told()) === 'after', CATALOGUE_MS);
        await one.get(`/skills/${id}/unregister`, {});
        await until(async () => (await other.ask(`/skills/${id}`)).status === 404, CATALOGUE_MS);
        // Secret values are read with the same key.
        const metadata = { hidden: { value: 'a secret of one version', secret: true }, open: 'x' };
        const hiding = await one.register({ metadata } as Parameters<Replica['register']>[0]);
        expect(await other.get(`/skills/${hiding}`)).toMatchObject({ metadata: { hidden: '***', open: 'x' } });
        if (knowsQueues()) await queueFor(one, other);
      }
      await delay(STRETCH_MS);
      expect(balancer.failures.slice(0, SHOWN)).toEqual([]);
    },
    240_000,
  );

  step(
    'ends with the new version alone, which does what the old one has left',
    async () => {
      if (knowsQueues()) {
        // As many as it cannot have made when it goes.
        for (let n = 0; n < QUEUED; n += 1) {
          const command = { command_id: `left-${n}`, skill_id: callable, capability_id: ASYNC, parameters: {} };
          const body = { ...command, callback_url: receiver.url };
          accepted.add((await older.get<{ execution_id: string }>('/commands/execute', body)).execution_id);
        }
      }
      await balancer.remove(older.url);
      expect(await older.service.stop()).toEqual({ code: 0, signal: null });
      await delay(STRETCH_MS);
      expect(balancer.failures.slice(0, SHOWN)).toEqual([]);
      for (const id of accepted) {
        await until(
          () => receiver.of(id).length > 0,
          60_000,
          () => `no callback of ${id}`,
        );
        expect(await newer.get(`/commands/executions/${id}`)).toMatchObject({ status: 'completed' });
      }
      expect(receiver.received.filter(({ isGenuine, body }) => !isGenuine || !COMPLETED.includes(body.status))).toEqual(
        [],
      );
      // It leads now: who stopped beating leaves discovery.
      const found = '/skills/discover?capability=upgrade.silent';
      await until(async () => (await newer.get<{ total: number }>(found)).total === 0, 60_000);
      expect(await newer.get(`/skills/${silent}/status`)).toMatchObject({ health: 'unhealthy' });
    },
    240_000,
  );

  step(
    'can go back: the version before starts on the newer schema and serves beside the new one',
    async () => {
      older = await Replica.start({ build: build.root, env }, ADMIN);
      expect(await older.isReady()).toBe(true);
      balancer.add(older.url);
      await delay(STRETCH_MS);
      await balancer.remove(newer.url);
      expect(await newer.service.stop()).toEqual({ code: 0, signal: null });
      await delay(STRETCH_MS);
      expect(balancer.failures.slice(0, SHOWN)).toEqual([]);
    },
    120_000,
  );

  step(
    'has failed no request, lost no lease and no write that was acknowledged',
    async () => {
      if (!traffic) throw new Error('there was no traffic');
      await traffic.stop();
      expect(balancer.failures.slice(0, SHOWN)).toEqual([]);
      expect(traffic.written.size).toBeGreaterThan(100);
      const lost: object[] = [];
      for (const [id, step] of traffic.written) {
        const { metadata } = await older.get<{ metadata: { step: string } }>(`/skills/${id}`);
        if (metadata.step !== String(step)) lost.push({ id, acknowledged: step, found: metadata.step });
      }
      expect(lost).toEqual([]);
      const expired = await database.query<{ skill_id: string }>(
        `SELECT DISTINCT skill_id FROM skill_events WHERE event = 'endpoint_unhealthy' AND skill_id = ANY ($1)`,
        [traffic.leased],
      );
      expect(expired).toEqual([]);
      const answered = [...balancer.answered].map(([, count]) => count);
      process.stdout.write(
        `${answered.join(' + ')} requests, ${traffic.written.size} Skills written, ${accepted.size} calls queued\n`,
      );
    },
    120_000,
  );
});
