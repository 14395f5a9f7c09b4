import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { HotHeartbeats } from '#registry-heartbeat';
import { LEASE_STORES } from '../support/lease-stores.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiOf, expectError, NOBODY } from './api.js';
import { assertSameAnswers, wireRequests } from './both-ways.js';

const LIMIT = 1_000;

interface Answer {
  status: number;
  headers: Map<string, string>;
  body: { code: number; data?: Record<string, unknown>; details?: { field: string }[] };
}

describe.each(LEASE_STORES)('heartbeats that are answered before Fastify sees them, with leases in %s', (kind) => {
  let redis: RedisServer | undefined;
  let app: TestApp;
  let api: Api;
  /** Heartbeats that were read before Fastify saw them. */
  let taken = 0;
  beforeAll(async () => {
    redis = kind === 'redis' ? await startRedisServer() : undefined;
    const env = { RATE_LIMIT_WRITES: String(LIMIT), TRUST_PROXY: '127.0.0.1', ...(redis && { REDIS_URL: redis.url }) };
    app = await startTestApp({ env });
    api = apiOf(app);
    const hot = app.app.get(HotHeartbeats);
    const beat = hot.beat.bind(hot);
    hot.beat = (...heartbeat) => {
      taken += 1;
      beat(...heartbeat);
    };
    // The route shows once what its answers look like.
    await api.post(`/skills/${(await register()).skill_id}/heartbeat`, {}).expect(200);
  }, 300_000);
  afterAll(async () => {
    await app.close();
    await redis?.stop();
  });

  const register = async (overrides = {}, as = api) =>
    (await as.post('/skills/register', skillBody(overrides)).expect(200)).body.data as {
      skill_id: string;
      generation: number;
    };
  const open = (): Socket => connect(Number(new URL(app.url).port), '127.0.0.1');
  const headOf = (skillId: string, headers: string[], token: string) =>
    [
      `POST /api/v1/skills/${skillId}/heartbeat HTTP/1.1`,
      'host: localhost',
      `authorization: Bearer ${token}`,
      ...headers,
      '',
      '',
    ].join('\r\n');
  const request = (skillId: string, body: object | string, headers: string[] = [], token = app.admin): string => {
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    const own = ['content-type: application/json', `content-length: ${Buffer.byteLength(sent)}`];
    return headOf(skillId, [...own, ...headers], token) + sent;
  };
  const answersIn = (received: string): Answer[] =>
    received.split(/(?=HTTP\/1\.1 \d{3} )/).map((answer) => {
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      const [first = '', ...lines] = head.split('\r\n');
      const headers = lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]);
      expect(Number(/content-length: (\d+)/i.exec(head)?.[1])).toBe(Buffer.byteLength(body));
      return {
        status: Number(first.split(' ')[1]),
        headers: new Map(headers.map(([name, value]) => [name.toLowerCase(), value])),
        body: JSON.parse(body) as Answer['body'],
      };
    });
  /** Sends one request after the other on one connection. Tells how many of them were taken. */
  const converse = async (...requests: string[]): Promise<{ answers: Answer[]; taken: number }> => {
    const before = taken;
    const socket = open().setEncoding('latin1');
    const answers: Answer[] = [];
    for (const one of requests) {
      socket.write(one);
      let received = '';
      while (!isWhole(received)) {
        const [part] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [string];
        received += part;
      }
      answers.push(...answersIn(received));
    }
    socket.destroy();
    return { answers, taken: taken - before };
  };
  const isWhole = (received: string): boolean => {
    const [head = '', body] = received.split('\r\n\r\n');
    return body !== undefined && body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  };
  const linesOf = (mark: string) =>
    app.logs
      .filter((line) => line.includes(mark) && line.includes('"msg":"request"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const sample = async (series: RegExp): Promise<number> => {
    const { text: metrics } = await app.http.get('/metrics').expect(200);
    return Number(series.exec(metrics)?.[1] ?? 0);
  };

  it('have the answer of the route, its headers, its line in the log and its part in the metrics', async () => {
    const { skill_id, generation } = await register();
    const measured =
      /http_server_request_duration_seconds_count\{(?=[^}]*method="POST")(?=[^}]*heartbeat")(?=[^}]*status="200")[^}]*\} (\d+)/;
    const before = await sample(measured);
    const plain = request(skill_id, { generation }, [`user-agent: plain-${kind}`, 'x-forwarded-for: 203.0.113.7']);
    // An origin makes it go the normal way.
    const normal = request(skill_id, { generation }, [`user-agent: normal-${kind}`, 'origin: http://elsewhere']);
    const { answers, taken: plainly } = await converse(normal, plain, plain);
    expect(plainly).toBe(2);
    const [first, , last] = answers;
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([...(last?.headers.keys() ?? [])].sort()).toEqual([...(first?.headers.keys() ?? [])].sort());
    const ofEach = new Set(['traceparent', 'x-trace-id', 'ratelimit', 'date', 'content-length']);
    for (const [name, value] of first?.headers ?? [])
      if (!ofEach.has(name)) expect(last?.headers.get(name)).toBe(value);
    expect(last?.body).toEqual({
      code: 0,
      message: 'success',
      data: {
        skill_id,
        id: skill_id,
        generation,
        interval: expect.any(Number),
        lease: { expires_at: expect.any(String), ttl: 90 },
        server_time: expect.any(String),
      },
    });
    const { server_time, lease } = last?.body.data as { server_time: string; lease: { expires_at: string } };
    expect(Math.abs(Date.parse(server_time) - Date.now())).toBeLessThan(5_000);
    expect(Math.abs(Date.parse(lease.expires_at) - Date.parse(server_time) - 90_000)).toBeLessThan(1_000);
    await until(() => linesOf(`plain-${kind}`).length === 2);
    const [normalLine] = linesOf(`normal-${kind}`);
    const [line] = linesOf(`plain-${kind}`);
    expect(Object.keys(line ?? {})).toEqual(Object.keys(normalLine ?? {}));
    expect(line).toMatchObject({ client: 'admin', status: 200, remote_address: '203.0.113.7' });
    expect(line?.trace_id).toBe(answers[1]?.headers.get('x-trace-id'));
    expect(line?.route).toBe(normalLine?.route);
    expect(await sample(measured)).toBe(before + 3);
    await until(async () => (await sample(/http_server_active_requests (\d+)/)) === 1);
  });

  it('go on with the trace of the caller, and keep the lease alive', async () => {
    const { skill_id } = await register();
    const traceId = '12'.repeat(16);
    const headers = [`traceparent: 00-${traceId}-${'cd'.repeat(8)}-01`];
    const { answers, taken: plainly } = await converse(request(skill_id, { health: 'warning', uptime: 5 }, headers));
    expect(plainly).toBe(1);
    expect(answers[0]?.headers.get('x-trace-id')).toBe(traceId);
    // What a member says of itself is in the listing by the time it hears of it.
    const { body } = await api.get(`/skills/${skill_id}/status`).expect(200);
    expect(body.data.health).toBe('warning');
  });

  it('cost one of what the client may send, refused or not', async () => {
    const { skill_id } = await register();
    const gone = await register();
    await api.delete(`/skills/${gone.skill_id}`).expect(204);
    const heartbeats = [skill_id, gone.skill_id, skill_id].map((id) => request(id, {}, [], app.admin));
    const { answers } = await converse(...heartbeats);
    const rest = answers.map(({ headers }) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]));
    expect(rest).toEqual([rest[0], Number(rest[0]) - 1, Number(rest[0]) - 2]);
  });

  it('are refused as the route refuses them, noted once', async () => {
    const owner = await app.client('publisher');
    const other = await app.client('publisher');
    const mine = apiOf(app, owner.token);
    const body = skillBody();
    const { skill_id, generation } = await register(body, mine);
    const gone = await register();
    await api.delete(`/skills/${gone.skill_id}`).expect(204);
    const results = async () =>
      Promise.all(
        ['unknown', 'foreign', 'no-endpoint'].map((result) =>
          sample(new RegExp(`registry_heartbeats_total\\{result="${result}"\\} (\\d+)`)),
        ),
      );
    const before = await results();
    const cases = [
      [request(gone.skill_id, {}, [`user-agent: unknown-${kind}`]), 404, 1004],
      [request(skill_id, {}, [`user-agent: foreign-${kind}`], other.token), 403, 1003],
      [request(skill_id, { endpoint_url: 'http://no.such:1' }, [`user-agent: none-${kind}`], owner.token), 400, 1001],
    ] as const;
    // Known from now on.
    await register({}, apiOf(app, other.token));
    for (const [sent, status, code] of cases) {
      const { answers, taken: plainly } = await converse(sent);
      expect(answers[0]).toMatchObject({ status, body: { code } });
      expect(plainly).toBe(1);
    }
    expect(await results()).toEqual(before.map((count) => count + 1));
    for (const mark of ['unknown', 'foreign', 'none']) {
      await until(() => linesOf(`${mark}-${kind}`).length > 0);
      expect(linesOf(`${mark}-${kind}`)).toHaveLength(1);
    }
    expect(linesOf(`unknown-${kind}`)[0]).toMatchObject({ status: 404, error_code: 1004, client: 'admin' });
    await register(body, mine);
    const { answers } = await converse(request(skill_id, { generation }, [], owner.token));
    expect(answers[0]).toMatchObject({ status: 409, body: { code: 1006 } });
  });

  it('have the answers that Fastify gives to the same requests', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => app.client('publisher')));
    const own = await Promise.all(clients.slice(0, 2).map(({ token }) => register({}, apiOf(app, token))));
    const requests = wireRequests({
      senders: clients.map(({ token }) => [['authorization', `Bearer ${token}`]]),
      skillIds: [...own.map(({ skill_id }) => skill_id), NOBODY],
      reads: ['/skills/:id'],
    });
    const before = taken;
    await assertSameAnswers(app, requests, 10);
    expect(taken - before).toBeGreaterThan(50);
  }, 60_000);

  it('that say something wrong are told all of it', async () => {
    const { skill_id } = await register();
    const sent = ['{', '[]', '{"health":"fine","generation":0}', '{"__proto__":{}}', '{"unknown":1}'];
    const answers: Answer[] = [];
    // One connection for each: what is no JSON ends it.
    for (const body of sent) answers.push(...(await converse(request(skill_id, body))).answers);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(sent.map(() => [400, 1001]));
    expect(answers[2]?.body.details?.map(({ field }) => field).sort()).toEqual(['generation', 'health']);
  });

  it('whose body comes late, in chunks or in another form go the normal way', async () => {
    const { skill_id } = await register();
    const before = taken;
    const socket = open().setEncoding('latin1');
    let received = '';
    socket.on('data', (part: string) => (received += part));
    const whole = request(skill_id, { health: 'healthy' });
    socket.write(whole.slice(0, -4));
    await delay(50);
    socket.write(whole.slice(-4));
    await until(() => isWhole(received));
    expect(answersIn(received)[0]?.status).toBe(200);
    socket.destroy();
    const chunked = `${headOf(skill_id, ['content-type: application/json', 'transfer-encoding: chunked'], app.admin)}2\r\n{}\r\n0\r\n\r\n`;
    const empty = headOf(skill_id, ['content-length: 0'], app.admin);
    const { answers } = await converse(chunked, empty, request(skill_id, {}, ['idempotency-key: k']));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(taken).toBe(before);
  });

  it('are answered in their order on a connection that does not wait for answers', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => register()));
    const socket = open();
    const requests = all.map(({ skill_id }) => request(skill_id, {}));
    const last = request(all[0]?.skill_id ?? '', {}, ['connection: close']);
    socket.write(requests.join('') + last);
    const answers = answersIn(await text(socket));
    const ids = all.map(({ skill_id }) => skill_id);
    expect(answers.map(({ body }) => body.data?.skill_id)).toEqual([...ids, ids[0]]);
  });

  it('need the permission that the route needs', async () => {
    const { skill_id } = await register();
    const reader = await app.client('agent');
    const { answers, taken: plainly } = await converse(
      request(skill_id, {}, [], reader.token),
      request(skill_id, {}, [], reader.token),
    );
    expect([...answers.map(({ status, body }) => [status, body.code]), plainly]).toEqual([[403, 1003], [403, 1003], 0]);
  });

  it('are refused once the client has sent all that it may', async () => {
    const { skill_id } = await register();
    const { token } = await app.client('publisher');
    const busy = apiOf(app, token);
    const own = await register({}, busy);
    const { answers } = await converse(...Array.from({ length: 3 }, () => request(own.skill_id, {}, [], token)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const used = Array.from({ length: LIMIT }, () => request(own.skill_id, {}, [], token));
    const { answers: many } = await converse(...used);
    const refused = many.filter(({ status }) => status === 429);
    // One to register, three before.
    expect(many.length - refused.length).toBe(LIMIT - 4);
    expect(refused.every(({ body, headers }) => body.code === 1009 && headers.has('retry-after'))).toBe(true);
    expectError(await busy.post(`/skills/${skill_id}/heartbeat`, {}), 429, 1009);
  });

  if (kind === 'redis') {
    it('are logged as given up when the caller hangs up before the store has answered', async () => {
      const { skill_id } = await register();
      const before = taken;
      process.kill(redis?.pid ?? 0, 'SIGSTOP');
      try {
        const socket = open();
        socket.write(request(skill_id, {}, ['user-agent: impatient']));
        await until(() => taken === before + 1);
        socket.resetAndDestroy();
        await until(() => linesOf('impatient').length > 0);
      } finally {
        process.kill(redis?.pid ?? 0, 'SIGCONT');
      }
      expect(linesOf('impatient')).toEqual([expect.objectContaining({ status: 499, aborted: true })]);
      await until(async () => (await sample(/http_server_active_requests (\d+)/)) === 1);
    });
  }
});
