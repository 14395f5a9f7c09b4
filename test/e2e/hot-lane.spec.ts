import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { jest } from '@jest/globals';
import { HotAnswers } from '#skills';
import { LaneAnswers } from '../../apps/skill-service/src/hot-lane/lane-answers.js';
import { MAX_PIPELINED } from '../../apps/skill-service/src/pipelining.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiKeyOf, apiOf, NOBODY } from './api.js';
import { assertSameAnswers, wireRequests } from './both-ways.js';

const PATH = '/api/v1/skills/?limit=1000';
const VARY = 'Authorization, X-API-Key, Origin';

describe('ready answers, sent before Fastify sees the request', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp({
      env: {
        TRUST_PROXY: '127.0.0.1',
        CORS_ORIGINS: 'https://console.example.com',
        RATE_LIMIT_READS: '1000000',
        RATE_LIMIT_WRITES: '1000000',
      },
    });
    api = apiOf(app);
    // 8 MB: more than sockets take at once.
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`key-${at}`, 'x'.repeat(500)]));
    for (const part of ['a', 'b', 'c']) {
      const skills = Array.from({ length: 100 }, (_, at) => skillBody({ name: `large-${part}-${at}`, metadata }));
      const { body } = await api.post('/skills/batch', { skills }).expect(200);
      expect((body.data.results as { status: string }[]).every(({ status }) => status === 'created')).toBe(true);
    }
    await api.get('/skills/?limit=1000').expect(200);
  });
  afterAll(() => app.close());

  const hits = () => app.app.get(HotAnswers).counts.hits;
  const get = (path: string, ...headers: string[]) =>
    [`GET ${path} HTTP/1.1`, 'host: localhost', `authorization: Bearer ${app.admin}`, ...headers, '', ''].join('\r\n');
  const open = (): Socket => connect(Number(new URL(app.url).port), '127.0.0.1');
  const lineOf = async (mark: string): Promise<Record<string, unknown>> => {
    const find = () => app.logs.find((line) => line.includes(mark) && line.includes('"request"'));
    await until(() => Promise.resolve(find() !== undefined), 5_000);
    return JSON.parse(find() ?? '{}') as Record<string, unknown>;
  };
  const linesOf = (mark: string) => app.logs.filter((line) => line.includes(mark)).length;

  it('come in the order of the requests on a connection that does not wait for answers', async () => {
    await api.get('/skills/?limit=1').expect(200);
    const socket = open();
    const order = [PATH, '/api/v1/skills/?limit=1', '/api/v1/skills/?limit=2', PATH, '/api/v1/skills/?limit=1'];
    const last = get('/api/v1/skills/?limit=1', 'connection: close', 'user-agent: pipelined');
    socket.write(order.map((path) => get(path, 'user-agent: pipelined')).join('') + last);
    const answers = (await text(socket)).split(/(?=HTTP\/1\.1 200 OK\r\n)/);
    const sizes = answers.map((answer) => answer.length > 1_000_000);
    expect(sizes).toEqual([true, false, false, true, false, false]);
    for (const answer of answers) {
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(body.length).toBe(Number(/content-length: (\d+)/i.exec(head)?.[1]));
    }
    await until(() => Promise.resolve(linesOf('pipelined') === 6), 5_000);
  });

  it('are as many as a connection may wait for: one that asks for more is cut, and the rest is not looked at', async () => {
    const served = async (requests: number, mark: string): Promise<number> => {
      const socket = open();
      socket.on('error', () => undefined);
      const last = get('/api/v1/skills/?limit=2', 'connection: close', `user-agent: ${mark}`);
      const others = get('/api/v1/skills/?limit=2', `user-agent: ${mark}`).repeat(requests - 1);
      socket.write(others + last);
      const received = await text(socket).catch(() => '');
      return received.split('HTTP/1.1 200 OK').length - 1;
    };
    // The first one waits for nobody.
    expect(await served(MAX_PIPELINED + 1, 'many-waiting')).toBe(MAX_PIPELINED + 1);
    expect(await served(MAX_PIPELINED * 5, 'too-many-waiting')).toBeLessThan(MAX_PIPELINED);
    await until(() => Promise.resolve(linesOf('"many-waiting') > MAX_PIPELINED), 5_000);
    expect(linesOf('too-many-waiting')).toBeLessThanOrEqual(MAX_PIPELINED + 1);
    const body = [
      'POST /api/v1/skills HTTP/1.1',
      'host: a',
      'content-type: application/json',
      'content-length: 2',
      '',
      '{}',
    ];
    const writer = open();
    writer.on('error', () => undefined);
    writer.end(body.join('\r\n').repeat(MAX_PIPELINED * 20));
    const refused = (await text(writer).catch(() => '')).split('HTTP/1.1 401').length - 1;
    expect(refused).toBeLessThan(MAX_PIPELINED * 2);
    // What has had its answers does not count.
    const socket = open();
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
    for (let round = 1; round <= 5; round += 1) {
      socket.write(get('/livez').repeat(MAX_PIPELINED));
      await until(() => Promise.resolve(received.split('HTTP/1.1 200 OK').length - 1 === round * MAX_PIPELINED), 5_000);
    }
    socket.destroy();
  });

  it('reach a slow reader as a whole, and are logged once, after they were sent', async () => {
    const socket = open();
    socket.pause();
    // The first makes the caller known.
    socket.write(get('/api/v1/skills/?limit=1', 'user-agent: late'));
    await until(() => Promise.resolve(linesOf('late') === 1), 5_000);
    const before = hits();
    socket.write(get(PATH, 'connection: close', 'user-agent: late-one'));
    await until(() => Promise.resolve(hits() === before + 1), 5_000);
    expect(linesOf('late-one')).toBe(0);
    const received = await text(socket);
    const [, , body = ''] = received.split('\r\n\r\n');
    expect(JSON.parse(body)).toHaveLength(300);
    expect(await lineOf('late-one')).toMatchObject({ status: 200, bytes: body.length });
    expect(linesOf('late-one')).toBe(1);
  });

  it.each([
    ['rude-hot', []],
    // Goes the normal way.
    ['rude-cold', ['if-none-match: "x"']],
  ])('are logged as given up when the caller hangs up before it has them (%s)', async (name, headers) => {
    const socket = open();
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(get('/api/v1/skills/?limit=1', `user-agent: ${name}-first`));
    await until(() => Promise.resolve(linesOf(`${name}-first`) === 1), 5_000);
    const before = hits();
    socket.write(get(PATH, `user-agent: ${name}-second`, ...headers));
    await until(() => Promise.resolve(hits() === before + 1), 5_000);
    socket.resetAndDestroy();
    const line = await lineOf(`${name}-second`);
    expect(line).toMatchObject({ status: 200, aborted: true });
    expect(line).not.toHaveProperty('bytes');
  });

  it('are logged with the address behind a proxy that is trusted', async () => {
    for (let time = 0; time < 2; time += 1)
      await api.get('/skills/?limit=1').set('x-forwarded-for', '203.0.113.7').set('user-agent', `proxied-${time}`);
    expect(await lineOf('proxied-1')).toMatchObject({ remote_address: '203.0.113.7' });
  });

  it('go on with the trace of the caller', async () => {
    const traceId = 'ab'.repeat(16);
    const { headers } = await api.get('/skills/?limit=1').set('traceparent', `00-${traceId}-${'cd'.repeat(8)}-00`);
    expect(headers['x-trace-id']).toBe(traceId);
    expect(headers.traceparent).toMatch(new RegExp(`^00-${traceId}-(?!(?:cd){8})[0-9a-f]{16}-00$`));
    expect(await lineOf(traceId)).toMatchObject({ trace_id: traceId, client: 'admin' });
  });

  it('tell pages of other origins what they may read, and nobody else', async () => {
    const origin = 'https://console.example.com';
    for (let time = 0; time < 2; time += 1) {
      const { headers } = await api.get('/skills/?limit=3').set('origin', origin).expect(200);
      expect(headers).toMatchObject({ 'access-control-allow-origin': origin, vary: VARY });
      const own = await api.get('/skills/?limit=3').expect(200);
      expect(own.headers).not.toHaveProperty('access-control-allow-origin');
      expect(own.headers.vary).toBe(VARY);
    }
  });

  it('are measured by their route', async () => {
    const count = async () => {
      const { text: metrics } = await app.http.get('/metrics').expect(200);
      const series =
        /_count\{(?=[^}]*method="GET")(?=[^}]*route="\/api\/v1\/capabilities")(?=[^}]*status="200")[^}]*\} (\d+)/;
      return Number(series.exec(metrics)?.[1] ?? 0);
    };
    await api.get('/capabilities').expect(200);
    const before = await count();
    for (let time = 0; time < 3; time += 1) await api.get('/capabilities').expect(200);
    expect(await count()).toBe(before + 3);
  });

  it('are what Fastify answers to the same requests, in status, headers and body', async () => {
    const clients = await Promise.all([
      app.client('viewer'),
      app.client('agent'),
      app.client('publisher'),
      app.client('operator'),
      app.client('viewer', 'tower-1'),
      app.client('publisher', 'tower-1', 'tower-2'),
      app.client('publisher', 'tower-3'),
    ]);
    const [viewer, , publisher] = clients;
    const register = async (body: object, token = app.admin) =>
      (await apiOf(app, token).post('/skills/register', skillBody(body)).expect(200)).body.data.id as string;
    const skillIds = [
      await register({ name: 'both-ways' }),
      await register(
        { name: 'both-ways-2', description: '天气', deprecated: { message: '旧', sunset: '2027-01-18T00:00:00Z' } },
        publisher.token,
      ),
      await register({ name: 'both-ways-3', space_id: 'tower-1' }),
      await register({ name: 'both-ways-4', skill_id: 'both/4' }),
    ] as const;
    // Fastify shows the headers of heartbeats.
    await api.post(`/skills/${skillIds[0]}/heartbeat`, {}).expect(200);
    const { key } = await apiKeyOf(app, viewer.clientId);
    const bearers = [...Array<string>(8).fill(app.admin), 'nonsense', ...clients.map(({ token }) => token)];
    const page = await api.get('/skills/discover?q=both&page_size=1').expect(200);
    const requests = wireRequests({
      senders: [[], [['x-api-key', key]], ...bearers.map((token) => [['authorization', `Bearer ${token}`] as const])],
      skillIds: [...skillIds, ...skillIds, ...skillIds, skillIds[0].toUpperCase(), NOBODY, 'no-uuid', 'both%2F4'],
      reads: [
        '/skills/:id',
        '/skills/:id/',
        '/skills/?name=both-ways',
        '/skills?name=both-ways&limit=1&skip=1',
        '/skills/discover?q=both',
        `/skills/discover?q=both&page_size=1&cursor=${page.body.data.next_cursor as string}`,
        '/skills/discover?q=both&cursor=nonsense',
        '/skills/discover?version=latest&deprecated=true',
        '/skills/discover?name=both-ways&page_size=0',
        '/skills/discover?name=both-ways&explain=true',
        '/capabilities?skill_id=:id',
        '/auth/me',
        '/nowhere',
      ],
    });
    const sent = jest.spyOn(LaneAnswers.prototype, 'send');
    try {
      await assertSameAnswers(app, requests, 80);
      const methods = sent.mock.calls.map(([{ request }]) => request.method);
      for (const method of ['GET', 'POST'])
        expect(methods.filter((each) => each === method).length).toBeGreaterThan(150);
    } finally {
      sent.mockRestore();
    }
  }, 60_000);
});
