import { Agent } from 'node:http';
import { CallbackServer } from '../support/callback-server.js';
import { type CollectedSpan, OtlpCollector, type SpanReception, takesSpans } from '../support/otlp-collector.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { endServices, type ServiceProcess, startService } from '../support/service-process.js';
import { BEHAVIOURS, SkillServer } from '../support/skill-server.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { adminToken, type Answer, call, createSkill } from '../support/service-api.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** Of a request to the collector. */
const TIMEOUT_MS = 400;

describe('traces', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let collector: OtlpCollector;
  let skill: SkillServer;
  let receiver: CallbackServer;
  let service: ServiceProcess;
  let token: string;
  let skillId: string;
  let commands = 0;

  beforeAll(async () => {
    [database, redis, collector, skill, receiver] = await Promise.all([
      createTestDatabase(),
      startRedisServer(),
      OtlpCollector.start(),
      SkillServer.start(),
      CallbackServer.start(SIGNING_SECRET),
    ]);
    await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TIMEOUT: String(TIMEOUT_MS),
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_SERVICE_NAME: 'registry',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=tests%20of%20ours',
    });
    skillId = await createSkill(service.url, token, {
      name: 'weather',
      version: '1.0.0',
      endpoints: [{ url: skill.url }],
      capabilities: [{ name: 'forecast', version: '1.0.0', parameters: { city: { type: 'string' } } }],
    });
  }, 120_000);
  afterAll(async () => {
    await endServices();
    await Promise.all([skill.stop(), receiver.stop(), collector.stop(), redis.stop()]);
    await database.drop();
  });
  afterEach(() => {
    skill.behaviour = BEHAVIOURS.echo;
  });

  async function start(env: Record<string, string>): Promise<void> {
    service = await startService({
      env: {
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
        CALLBACK_SIGNING_SECRET: SIGNING_SECRET,
        SECURITY_ADMIN_CLIENT_SECRET: 'an-admin-secret-of-many-letters',
        ...env,
      },
    });
    token = await adminToken(service.url, 'an-admin-secret-of-many-letters');
  }

  /** A call of the Skill by a caller who is traced, or is not. */
  function execute(more: object = {}, flags = '01'): Promise<Answer> {
    commands += 1;
    return call(`${service.url}/api/v1/commands/execute`, {
      token,
      headers: { traceparent: `00-${TRACE}-${CALLER}-${flags}` },
      body: {
        command_id: `command-${commands}`,
        skill_id: skillId,
        capability: 'forecast',
        parameters: { city: 'Berlin-by-the-sea' },
        ...more,
      },
    });
  }

  const metrics = async () => (await fetch(`${service.url}/metrics`)).text();

  const spanIdOf = (traceparent: unknown) => String(traceparent).split('-')[2];

  /** The spans below one, by name. */
  const below = (parent: string | undefined) =>
    collector.spans.filter(({ parentId }) => parentId === parent).map(({ name }) => name);

  async function spanOf(id: string | undefined): Promise<CollectedSpan> {
    await until(() => collector.spans.some(({ spanId }) => spanId === id), 10_000);
    const [span, ...others] = collector.spans.filter(({ spanId }) => spanId === id);
    if (span === undefined || others.length > 0) throw new Error(`${others.length + 1} spans ${String(id)}`);
    return span;
  }

  it('lead from the caller through the service to the Skill', async () => {
    expect(service.messages).toContain(`Traces      go to ${collector.url}/v1/traces`);
    const { status, headers } = await execute();
    expect(status).toBe(200);
    expect(headers['x-trace-id']).toBe(TRACE);
    const server = await spanOf(spanIdOf(headers.traceparent));
    expect(server).toMatchObject({
      traceId: TRACE,
      parentId: CALLER,
      name: 'POST /api/v1/commands/execute',
      kind: 'server',
      isError: false,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/api/v1/commands/execute',
        'url.path': '/api/v1/commands/execute',
        'url.scheme': 'http',
        'http.response.status_code': 200,
        'ooder.client.id': 'admin',
        'ooder.skill.id': skillId,
      },
      resource: {
        'service.name': 'registry',
        'service.version': '0.6.0',
        'deployment.environment.name': 'tests of ours',
      },
    });
    // The Skill is told of the call to it, and not of the request that led to it.
    const client = await spanOf(spanIdOf(skill.calls.at(-1)?.headers.traceparent));
    expect(client).toMatchObject({
      traceId: TRACE,
      parentId: server.spanId,
      name: 'POST',
      kind: 'client',
      attributes: {
        'http.request.method': 'POST',
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(skill.url).port),
        'http.response.status_code': 200,
      },
    });
    expect(client.tookMs).toBeLessThanOrEqual(server.tookMs);
    expect(below(server.spanId)).toEqual(expect.arrayContaining(['INSERT executions', 'WITH executions', 'POST']));
    const insert = collector.of(TRACE).find(({ name }) => name === 'INSERT executions');
    expect(insert?.attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.namespace': new URL(database.url).pathname.slice(1),
      'db.operation.name': 'INSERT',
      'db.collection.name': 'executions',
    });
    expect(insert?.attributes['db.query.text']).toMatch(/^INSERT INTO executions .*\$1/);
    expect(collector.text).not.toContain('Berlin-by-the-sea');
    expect(collector.paths.every((path) => path === '/v1/traces')).toBe(true);
    const lines = service.lines.filter((line) => line.msg === 'request' && line.trace_id === TRACE);
    expect(lines).toMatchObject([{ route: '/api/v1/commands/execute', status: 200 }]);
  });

  it('start here when nobody asks, with the commands of Redis by their names', async () => {
    await until(() => collector.spans.some(({ name }) => name === 'POST /api/v1/auth/token'), 10_000);
    const server = collector.spans.find(({ name }) => name === 'POST /api/v1/auth/token');
    expect(server?.parentId).toBeUndefined();
    const redisSpan = collector.spans.find(({ name, parentId }) => name === 'EVALSHA' && parentId === server?.spanId);
    expect(redisSpan).toMatchObject({ kind: 'client', traceId: server?.traceId });
    expect(redisSpan?.attributes).toMatchObject({
      'db.system.name': 'redis',
      'db.operation.name': 'EVALSHA',
      'server.port': redis.port,
    });
    expect(Object.keys(redisSpan?.attributes ?? {})).not.toContain('db.query.text');
  });

  it('are told of reads that memory answers, which ask nobody', async () => {
    // On one connection, they are answered before any hook.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const read = (flags = '01') =>
      call(`${service.url}/api/v1/skills/${skillId}`, {
        token,
        agent,
        headers: { traceparent: `00-${TRACE}-${CALLER}-${flags}` },
      });
    const answers = [await read(), await read(), await read()];
    for (const [index, { status, headers }] of answers.entries()) {
      expect([status, headers['x-trace-id']]).toEqual([200, TRACE]);
      const span = await spanOf(spanIdOf(headers.traceparent));
      expect(span).toMatchObject({
        name: 'GET /api/v1/skills/:skill_id',
        kind: 'server',
        parentId: CALLER,
        isError: false,
        attributes: {
          'http.route': '/api/v1/skills/:skill_id',
          'url.path': `/api/v1/skills/${skillId}`,
          'client.address': '127.0.0.1',
          'http.response.status_code': 200,
          'ooder.client.id': 'admin',
        },
      });
      if (index > 0) expect(below(span.spanId)).toEqual([]);
    }
    const { headers } = await read('00');
    expect(headers.traceparent).toMatch(/-00$/);
    await spanOf(spanIdOf((await read()).headers.traceparent));
    expect(collector.spans.filter(({ spanId }) => spanId === spanIdOf(headers.traceparent))).toEqual([]);
    agent.destroy();
  });

  it('go on where a call waits in the queue, and with its callback', async () => {
    const { status, headers } = await execute({ callback_url: receiver.url });
    expect(status).toBe(202);
    const accepted = await spanOf(spanIdOf(headers.traceparent));
    await until(() => receiver.received.length > 0);
    const [asked, told] = [skill.calls.at(-1)?.headers.traceparent, receiver.received[0]?.headers.traceparent];
    const client = await spanOf(spanIdOf(asked));
    const run = await spanOf(client.parentId);
    expect(run).toMatchObject({
      name: 'queued call',
      kind: 'consumer',
      traceId: TRACE,
      parentId: accepted.spanId,
      attributes: { 'ooder.skill.id': skillId },
    });
    const callback = await spanOf(spanIdOf(told));
    expect(callback).toMatchObject({
      kind: 'client',
      traceId: TRACE,
      attributes: { 'http.response.status_code': 204 },
    });
    expect(await spanOf(callback.parentId)).toMatchObject({ name: 'callback', kind: 'consumer', traceId: TRACE });
    // Neither has an end in the other's trace: what the loops do later belongs to nobody.
    expect(below(accepted.spanId)).toContain('queued call');
  });

  it('say what went wrong, and whose fault it was', async () => {
    skill.behaviour = BEHAVIOURS.fails;
    await execute();
    const refused = await spanOf(spanIdOf(skill.calls.at(-1)?.headers.traceparent));
    expect(refused).toMatchObject({ isError: true, attributes: { 'error.type': '500' } });
    skill.behaviour = BEHAVIOURS.resets;
    const failed = await spanOf(spanIdOf((await execute()).headers.traceparent));
    expect(failed).toMatchObject({
      isError: true,
      attributes: { 'http.response.status_code': 503, 'error.type': '503', 'ooder.error.code': 2003 },
    });
    const client = await spanOf(spanIdOf(skill.calls.at(-1)?.headers.traceparent));
    expect(client).toMatchObject({ isError: true, attributes: { 'error.type': 'reset-before-answer' } });
    const missing = await call(`${service.url}/nothing/here?token=secret`, { token });
    expect(await spanOf(spanIdOf(missing.headers.traceparent))).toMatchObject({
      name: 'GET',
      isError: false,
      attributes: { 'http.response.status_code': 404, 'url.path': '/nothing/here' },
    });
  });

  it('leave out what a caller does not record, and probes', async () => {
    const { headers } = await execute({}, '00');
    expect(headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(skill.calls.at(-1)?.headers.traceparent).toBe(headers.traceparent);
    for (const path of ['/health', '/livez', '/readyz', '/metrics']) await fetch(service.url + path);
    const last = await call(`${service.url}/api/v1/skills/?page_size=1`, { token });
    await spanOf(spanIdOf(last.headers.traceparent));
    expect(collector.spans.filter(({ spanId }) => spanId === spanIdOf(headers.traceparent))).toEqual([]);
    const own = collector.spans.filter(({ kind }) => kind !== 'server');
    // Every question to others is part of a request, or of a job that is one.
    expect(own.filter(({ parentId, name }) => parentId === undefined && name !== 'callback')).toEqual([]);
    const routes = collector.spans.map(({ attributes }) => attributes['http.route']);
    expect(routes.filter((route) => ['/health', '/livez', '/readyz', '/metrics'].includes(String(route)))).toEqual([]);
  });

  it('cost no request anything when the collector hangs, says no or is gone', async () => {
    const lost = async () =>
      Number(/^trace_spans_lost_total\{reason="export"\} (\d+)$/m.exec(await metrics())?.[1] ?? Number.NaN);
    const told = (text: string) => service.messages.filter((message) => message.includes(text)).length;
    const receptions: SpanReception[] = [
      () => undefined,
      (response) => response.writeHead(400).end('what was sent'),
      (response) => response.destroy(),
    ];
    for (const reception of receptions) {
      const before = await lost();
      collector.reception = reception;
      expect((await execute()).status).toBe(200);
      await until(async () => (await lost()) > before, 20_000);
      for (let times = 0; times < 5; times += 1) expect((await execute()).status).toBe(200);
      expect((await call(`${service.url}/readyz`)).status).toBe(200);
    }
    expect(service.output).not.toContain('what was sent');
    // It is one outage, however it fails.
    expect(told('The collector of traces is unavailable')).toBe(1);
  });

  it('are sent before the service ends, in time also when nobody takes them', async () => {
    const began = performance.now();
    expect(await service.stop()).toMatchObject({ code: 0 });
    expect(performance.now() - began).toBeLessThan(9_000);
    expect(service.messages).toContain('stopped');
    collector.reception = takesSpans;
    const before = collector.bodies.length;
    await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/elsewhere`,
      OTEL_BSP_SCHEDULE_DELAY: '60000',
    });
    const { headers } = await execute();
    expect(collector.bodies).toHaveLength(before);
    expect(await service.stop()).toMatchObject({ code: 0 });
    expect(collector.paths.at(-1)).toBe('/elsewhere');
    expect(collector.headers.at(-1)?.['content-type']).toBe('application/x-protobuf');
    const sent = Buffer.concat(collector.bodies.slice(before));
    expect(sent.includes(Buffer.from(String(spanIdOf(headers.traceparent)), 'hex'))).toBe(true);
    expect(sent.includes('POST /api/v1/commands/execute')).toBe(true);
  });

  it('are off unless they are asked for', async () => {
    const before = collector.paths.length;
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_EXPORTER: 'none' });
    const { headers } = await execute();
    // As without: the Skill is told of the request.
    expect(skill.calls.at(-1)?.headers.traceparent).toBe(headers.traceparent);
    expect(await metrics()).not.toContain('trace_spans');
    await service.stop();
    expect(collector.paths).toHaveLength(before);
  });
});
