import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { OtlpCollector } from '../support/otlp-collector.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import type { SkillServer } from '../support/skill-server.js';
import { endServices, type ServiceProcess, startService } from '../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { UpstreamServer } from '../support/upstream-server.js';
import { SecretCalls } from './secret-calls.js';
import { SecretRun } from './secret-run.js';

const random = () => randomBytes(24).toString('base64url');
const SECRETS = {
  jwt: random(),
  previousJwt: `${random()}${random()}`,
  encryptionKey: randomBytes(32).toString('base64'),
  previousEncryptionKey: randomBytes(32).toString('hex'),
  callbackSigning: `whsec_${randomBytes(32).toString('base64')}`,
  // With all that forms, URLs and headers write in another way.
  admin: `adm+${random()}/= &%"é`,
  redis: random(),
  upstream: random(),
  collector: random(),
};

describe('secrets', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let upstream: UpstreamServer;
  let collector: OtlpCollector;
  let service: ServiceProcess;
  let run: SecretRun;
  let skill: SkillServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = await startRedisServer();
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.configSet('requirepass', SECRETS.redis);
    await client.disconnect();
    upstream = await UpstreamServer.start();
    collector = await OtlpCollector.start();
    service = await startService({
      env: {
        DATABASE_URL: database.url,
        REDIS_URL: redis.url.replace('redis://', `redis://:${SECRETS.redis}@`),
        SECURITY_JWT_SECRET: SECRETS.jwt,
        SECURITY_PREVIOUS_JWT_SECRETS: SECRETS.previousJwt,
        SECURITY_ENCRYPTION_KEY: SECRETS.encryptionKey,
        SECURITY_PREVIOUS_ENCRYPTION_KEYS: SECRETS.previousEncryptionKey,
        SECURITY_ADMIN_CLIENT_SECRET: SECRETS.admin,
        CALLBACK_SIGNING_SECRET: SECRETS.callbackSigning,
        AI_BRIDGE_REGISTRY_URL: upstream.registryUrl,
        AI_BRIDGE_CLIENT_ID: 'member',
        AI_BRIDGE_CLIENT_SECRET: SECRETS.upstream,
        AI_BRIDGE_HEARTBEAT_INTERVAL: '1',
        RATE_LIMIT_TOKEN: '230',
        OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
        LOG_LEVEL: 'trace',
        APP_DEBUG: 'true',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_HEADERS: `x-key=${SECRETS.collector}`,
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_BSP_MAX_QUEUE_SIZE: '100000',
        LOG_FILE: 'app.log',
      },
    });
    run = new SecretRun(service.url, { clientId: 'admin', secret: SECRETS.admin });
    for (const [name, secret] of Object.entries(SECRETS)) run.know(name, secret);
    run.know('database', decodeURIComponent(new URL(database.url).password));
    await run.use();
    skill = await SecretCalls.make(run);
    await run.misuse();
    // What the service tells of its own calls, when they go wrong.
    await until(() => upstream.of('/heartbeats').length > 0, 10_000);
    upstream.answer = () => ({ status: 401, body: { message: SECRETS.upstream } });
    const seen = upstream.calls.length;
    await until(() => upstream.calls.length > seen + 2, 15_000);
    await run.waitForAudit();
  }, 300_000);

  afterAll(async () => {
    await endServices();
    await skill.stop();
    await upstream.stop();
    await collector.stop();
    await redis.stop();
    await database.drop();
  });

  it('are many, were used well and badly, and refusals were written down', async () => {
    expect([...run.known.keys()]).toEqual(expect.arrayContaining([...Object.keys(SECRETS), ...SecretRun.KINDS]));
    expect(run.answered.size).toBeGreaterThan(3);
    for (const status of [400, 401, 403, 404, 429]) expect([...run.answered.keys()]).toContain(status);
    const [row] = await database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM audit_entries WHERE result <> 'success'`,
    );
    expect(row?.count).toBeGreaterThan(10);
  });

  it('of an endpoint are told to its Skill, and to nobody else', async () => {
    const commands = skill.calls.filter(({ method }) => method === 'POST');
    expect(commands.length).toBeGreaterThan(10);
    for (const { path, headers, body } of commands) {
      expect([headers.authorization, path]).toEqual([run.known.get('authorization'), run.known.get('invoke path')]);
      const { authorization: _, ...others } = headers;
      expect(run.leaksIn(JSON.stringify([others, body]))).toEqual([]);
    }
    const executions = await run.textOf('/api/v1/commands/executions?page_size=100');
    expect((JSON.parse(executions) as { data: { total: number } }).data.total).toBeGreaterThan(15);
    expect(run.leaksIn(executions)).toEqual([]);
  });

  it('do not include what calls say: that is with executions and channels only', async () => {
    const told = (text: string) => SecretCalls.PAYLOADS.filter((payload) => text.includes(payload));
    const places = [
      service.output,
      readFileSync(join(service.cwd, 'app.log'), 'utf8'),
      await run.textOf('/metrics'),
      await run.textOf('/api/v1/audit?action=channel.create&page_size=100'),
      ...run.errors.map(({ text }) => text),
    ];
    for (const text of places) expect(told(text)).toEqual([]);
    const rows = await textsOfTables();
    const holding = [...rows].filter(([, text]) => told(text).length > 0).map(([name]) => name);
    expect(holding.toSorted()).toEqual(['public.channel_contexts', 'public.executions']);
  });

  it('are not in what the service writes to its outputs and its log file', () => {
    expect(service.output).toContain('"level":"debug"');
    expect(run.leakingLines(service.output)).toEqual([]);
    const file = readFileSync(join(service.cwd, 'app.log'), 'utf8');
    expect(file.length).toBeGreaterThan(10_000);
    expect(run.leakingLines(file)).toEqual([]);
  });

  it('are in no span, and no more is what calls say', async () => {
    expect(collector.headers[0]?.['x-key']).toBe(SECRETS.collector);
    // Redis, PostgreSQL, Skills over both protocols, the upstream registry, and requests that were refused.
    const names = new Set(collector.spans.map(({ name }) => name));
    const wanted = ['EVALSHA', 'COMMIT', 'POST', 'skill.invoke', 'POST /api/v1/auth/token'];
    expect([...names]).toEqual(expect.arrayContaining(wanted));
    expect(collector.spans.length).toBeGreaterThan(1_000);
    expect(await run.textOf('/metrics')).toContain('trace_spans_lost_total{reason="queue"} 0\n');
    for (const span of collector.spans) {
      const text = JSON.stringify(span);
      expect([span, run.leaksIn(text)]).toEqual([span, []]);
      expect([span, SecretCalls.PAYLOADS.filter((payload) => text.includes(payload))]).toEqual([span, []]);
    }
  });

  it('are in no error that was answered', () => {
    expect(run.errors.length).toBeGreaterThan(40);
    for (const { request, text } of run.errors) expect([request, run.leaksIn(text)]).toEqual([request, []]);
  });

  it('are in no metric, and not in the audit log as the API tells it', async () => {
    expect(run.leaksIn(await run.textOf('/metrics'))).toEqual([]);
    expect(run.leaksIn(await run.textOf('/health'))).toEqual([]);
    for (let page = 1, total = Infinity; (page - 1) * 100 < total; page += 1) {
      const text = await run.textOf(`/api/v1/audit?page=${page}&page_size=100`);
      expect(run.leaksIn(text)).toEqual([]);
      ({ total } = (JSON.parse(text) as { data: { total: number } }).data);
      expect(total).toBeGreaterThan(0);
    }
  });

  it('are in no table of the database', async () => {
    const tables = await textsOfTables();
    expect(tables.size).toBeGreaterThan(15);
    for (const [name, text] of tables) expect([name, run.leakingLines(text)]).toEqual([name, []]);
  });

  it('are nowhere in Redis', async () => {
    const client = createClient({ url: redis.url, password: SECRETS.redis });
    await client.connect();
    const keys = await client.keys('*');
    expect(keys.length).toBeGreaterThan(2);
    // As it writes them to disk and to replicas: every type, with the key.
    for (const key of keys) {
      const value = await client.sendCommand(['DUMP', key]);
      const hash = (await client.type(key)) === 'hash' ? JSON.stringify(await client.hGetAll(key)) : '';
      expect([key, run.leaksIn(`${key}\n${String(value)}\n${hash}`)]).toEqual([key, []]);
    }
    await client.disconnect();
  });

  async function textsOfTables(): Promise<Map<string, string>> {
    const tables = await database.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const texts = new Map<string, string>();
    for (const { name } of tables) {
      const rows = await database.query<{ text: string }>(`SELECT to_jsonb(t)::text AS text FROM ${name} t`);
      texts.set(name, rows.map(({ text }) => text).join('\n'));
    }
    return texts;
  }
});
