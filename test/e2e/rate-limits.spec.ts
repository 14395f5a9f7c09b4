import request from 'supertest';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { ADMIN_SECRET, startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const TOKEN = '/api/v1/auth/token';
const SKILLS = '/api/v1/skills/';
const PROBES = ['/health', '/livez', '/readyz', '/metrics', '/openapi.json', '/docs'];
const HONEST = { grant_type: 'client_credentials', client_id: 'admin', client_secret: ADMIN_SECRET };

type Http = TestApp['http'];
const read = (http: Http, token: string): request.Test => http.get(SKILLS).auth(token, { type: 'bearer' });
const write = (http: Http, token: string): request.Test =>
  http.delete('/api/v1/nothing').auth(token, { type: 'bearer' });
/** From this address: the loopback is trusted as a proxy. */
const ask = (http: Http, body: object, address: string): request.Test =>
  http.post(TOKEN).set('x-forwarded-for', address).send(body);

/** How many of so many requests, one after the other, were let through. */
async function passing(times: number, send: () => request.Test): Promise<number> {
  let passed = 0;
  for (let sent = 0; sent < times; sent += 1) {
    const { status } = await send();
    if (status !== 429) passed += 1;
  }
  return passed;
}

async function metric(http: Http, name: string): Promise<number> {
  const { text } = await http.get('/metrics');
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1));
}

describe('limits of one replica', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      env: { RATE_LIMIT_READS: '5', RATE_LIMIT_WRITES: '8', RATE_LIMIT_TOKEN: '30', TRUST_PROXY: '127.0.0.1' },
    });
  });
  afterAll(() => app.close());

  it('stand in the headers of every counted answer, as structured fields', async () => {
    const { token } = await app.client('viewer');
    const answer = await read(app.http, token).expect(200);
    expect(answer.headers['ratelimit-policy']).toBe('"reads";q=5;w=60');
    expect(answer.headers.ratelimit).toMatch(/^"reads";r=4;t=(?:60|59)$/);
    const refused = await write(app.http, token);
    expect(refused.status).toBe(404);
    expect(refused.headers.ratelimit).toMatch(/^"writes";r=7;t=\d+$/);
    const tokens = await ask(app.http, HONEST, '10.9.9.9').expect(200);
    expect(tokens.headers['ratelimit-policy']).toBe('"token";q=30;w=60');
  });

  it('refuse what is beyond them with 1009 and Retry-After, by client, and leave others alone', async () => {
    const [flood, quiet] = [await app.client('viewer'), await app.client('viewer')];
    const before = await metric(app.http, 'rate_limit_refusals_total{class="reads"}');
    expect(await passing(20, () => read(app.http, flood.token))).toBe(5);
    const refusal = await read(app.http, flood.token);
    expect(refusal.status).toBe(429);
    expect(refusal.body).toMatchObject({ code: 1009, message: 'Too many requests', details: [] });
    expect(refusal.body).toHaveProperty('trace_id');
    expect(refusal.headers.ratelimit).toMatch(/^"reads";r=0;t=\d+$/);
    const wait = Number(refusal.headers['retry-after']);
    expect(wait).toBe(Number(/t=(\d+)/.exec(String(refusal.headers.ratelimit))?.[1]));
    expect(wait).toBeGreaterThan(0);
    // Another class, and another client.
    expect(await passing(8, () => write(app.http, flood.token))).toBe(8);
    expect(await passing(5, () => read(app.http, quiet.token))).toBe(5);
    expect((await metric(app.http, 'rate_limit_refusals_total{class="reads"}')) - before).toBe(16);
    expect(app.logs.filter((line) => line.includes(`client ${flood.clientId} is refused`))).toHaveLength(1);
  });

  it('refuse a write before its body is read', async () => {
    const { token } = await app.client('publisher');
    expect(await passing(8, () => write(app.http, token))).toBe(8);
    const big = Buffer.alloc(900_000, '[');
    const answer = await app.http
      .post(SKILLS)
      .auth(token, { type: 'bearer' })
      .set('content-type', 'application/json')
      .send(big.toString());
    expect(answer.status).toBe(429);
  });

  it('count callers without a valid token by address', async () => {
    const at = (address: string): request.Test => app.http.get(SKILLS).set('x-forwarded-for', address);
    expect(await passing(8, () => at('10.0.0.1'))).toBe(5);
    expect(await passing(8, () => at('10.0.0.2').auth('no-token', { type: 'bearer' }))).toBe(5);
    expect((await at('10.0.0.3')).status).toBe(401);
  });

  it('leave probes, metrics and documents free', async () => {
    for (const path of PROBES) {
      for (let sent = 0; sent < 8; sent += 1) {
        const answer = await app.http.get(path).set('x-forwarded-for', '10.0.0.9');
        expect([path, answer.status, answer.headers.ratelimit]).toEqual([path, expect.any(Number), undefined]);
        expect(answer.status).toBeLessThan(400);
      }
    }
  });

  it('refuse tokens by address in the shape of OAuth, before the body', async () => {
    const { clientId, secret } = await app.client('viewer');
    const body = { ...HONEST, client_id: clientId, client_secret: secret };
    // One token came with the client.
    expect(await passing(30, () => ask(app.http, body, '10.1.0.1'))).toBe(29);
    const refusal = await ask(app.http, HONEST, '10.1.0.1');
    expect(refusal.status).toBe(429);
    expect(refusal.body).toMatchObject({ error: 'temporarily_unavailable', code: 1009 });
    expect(refusal.headers['retry-after']).toMatch(/^\d+$/);
    // The client's own quota is used up as well, wherever it asks from.
    expect((await ask(app.http, body, '10.1.0.2')).status).toBe(429);
  });

  it('slow the guessing of a secret down, and do not lock the client out', async () => {
    const { clientId, secret } = await app.client('viewer');
    const right = { ...HONEST, client_id: clientId, client_secret: secret };
    const wrong = { ...right, client_secret: 'not-the-secret-at-all' };
    expect(await passing(20, () => ask(app.http, wrong, '10.2.0.1'))).toBe(5);
    const refusal = await ask(app.http, wrong, '10.2.0.1');
    expect([refusal.status, refusal.headers['retry-after']]).toEqual([429, '1']);
    expect((await ask(app.http, right, '10.2.0.2')).status).toBe(200);
    expect(await metric(app.http, 'rate_limit_refusals_total{class="secrets"}')).toBe(16);
    expect(app.logs.filter((line) => line.includes('wrong secrets again and again'))).toHaveLength(1);
    // After the pause that it was told it gets another try; that is what Retry-After is for.
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect((await ask(app.http, right, '10.2.0.1')).status).toBe(200);
  });

  it('let the right secret of a known client through, whatever else comes from its address', async () => {
    const { clientId, secret } = await app.client('publisher');
    const address = '10.6.0.1';
    const right = { ...HONEST, client_id: clientId, client_secret: secret };
    const wrong = { ...right, client_secret: 'not-the-secret-at-all' };
    expect((await ask(app.http, right, address)).status).toBe(200);
    const stranger = await app.client('viewer');
    const guesses: Promise<request.Response>[] = [];
    for (let round = 0; round < 10; round += 1) {
      for (let at = 0; at < 10; at += 1) {
        guesses.push(
          ask(app.http, at % 2 === 0 ? wrong : { ...wrong, client_id: `nobody-${round}-${at}` }, address).then(),
        );
      }
      expect((await ask(app.http, right, address)).status).toBe(200);
    }
    for (const { status } of await Promise.all(guesses)) expect([401, 429]).toContain(status);
    // By HTTP Basic, and where it asks for something else.
    const status = await app.http
      .post('/api/v1/auth/introspect')
      .set('x-forwarded-for', address)
      .auth(clientId, secret)
      .type('form')
      .send({ token: 'none' });
    expect([status.status, status.body]).toEqual([200, { active: false }]);
    // Who is not known there waits; a bearer token is no secret of a client.
    const other = { ...HONEST, client_id: stranger.clientId, client_secret: stranger.secret };
    expect((await ask(app.http, other, address)).status).toBe(429);
    const asked = await app.http
      .post('/api/v1/auth/introspect')
      .set('x-forwarded-for', address)
      .auth(app.admin, { type: 'bearer' })
      .send({ token: stranger.token });
    expect([asked.status, asked.body.active]).toEqual([200, true]);
    // Beside a right secret a token opens nothing, and makes nobody known.
    const beside = app.http
      .post(TOKEN)
      .set('x-forwarded-for', address)
      .auth(app.admin, { type: 'bearer' })
      .send({ ...other, client_secret: 'a-wrong-secret-indeed' });
    expect((await beside).status).toBe(429);
  });

  it('of 0 are none', async () => {
    const unlimited = await startTestApp({ env: { RATE_LIMIT_READS: '0' } });
    try {
      const answer = await read(unlimited.http, unlimited.admin).expect(200);
      expect(answer.headers).not.toHaveProperty('ratelimit');
    } finally {
      await unlimited.close();
    }
  });
});

describe('limits of batches', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { RATE_LIMIT_WRITES: '20' } });
  });
  afterAll(() => app.close());

  it.each([
    ['/commands/batch', 'agent', 'commands', 5, 5],
    ['/skills/batch', 'publisher', 'skills', 25, 3],
    ['/heartbeats', 'publisher', 'heartbeats', 201, 3],
    ['/heartbeats', 'publisher', 'heartbeats', 100, 1],
  ] as const)('count a batch by its work: %s of a %s, %s: %i', async (path, role, list, items, cost) => {
    const { token } = await app.client(role);
    const send = (body: object) => app.http.post(`/api/v1${path}`).auth(token, { type: 'bearer' }).send(body);
    const left = ({ headers }: request.Response) => Number(/r=(\d+)/.exec(String(headers.ratelimit))?.[1]);
    const batch = { [list]: Array.from({ length: items }, () => ({})) };
    const before = left(await send({}));
    expect(before - left(await send(batch))).toBe(cost);
    expect(before - left(await send({ [list]: 'none' }))).toBe(cost + 1);
  });

  it('let a batch through that is more than what is left, and nothing after it', async () => {
    const { token } = await app.client('agent');
    const send = (length: number) =>
      app.http
        .post('/api/v1/commands/batch')
        .auth(token, { type: 'bearer' })
        .send({ commands: Array.from({ length }, () => ({})) });
    const all = await send(100);
    expect([all.status, all.headers.ratelimit]).toEqual([200, expect.stringMatching(/^"writes";r=0;/)]);
    const refused = await send(1);
    expect([refused.status, Number(refused.headers['retry-after']) > 0]).toEqual([429, true]);
    // Also of those that come at once.
    const other = await app.client('agent');
    const burst = await Promise.all(
      Array.from({ length: 8 }, () =>
        app.http
          .post('/api/v1/commands/batch')
          .auth(other.token, { type: 'bearer' })
          .send({ commands: Array.from({ length: 100 }, () => ({})) }),
      ),
    );
    expect(burst.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(burst.filter(({ status, body }) => status === 429 && body.code === 1009)).toHaveLength(7);
  });
});

describe('limits of two replicas', () => {
  let redis: RedisServer;
  let database: TestDatabase;
  let replicas: [TestApp, TestApp];
  beforeAll(async () => {
    redis = await startRedisServer();
    database = await createTestDatabase();
    const env = {
      SECURITY_JWT_SECRET: 'k3Jx8vQm2ZrT7wYb5NcP9sDf4GhL6aEu',
      REDIS_URL: redis.url,
      RATE_LIMIT_READS: '40',
      RATE_LIMIT_WRITES: '40',
      RATE_LIMIT_TOKEN: '20',
      TRUST_PROXY: '127.0.0.1',
    };
    replicas = [await startTestApp({ env, database }), await startTestApp({ env, database })];
  });
  afterAll(async () => {
    for (const replica of replicas) await replica.close();
    await redis.stop();
    await database.drop();
  });

  it('count tokens exactly, also of requests at the same time', async () => {
    const { clientId, secret } = await replicas[0].client('viewer');
    const body = { ...HONEST, client_id: clientId, client_secret: secret };
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => ask((replicas[index % 2] ?? replicas[0]).http, body, `10.3.0.${index}`)),
    );
    // One token came with the client.
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(21);
  });

  it('count a wrong secret for its address, and not for the client', async () => {
    const { clientId, secret } = await replicas[0].client('viewer');
    const body = { ...HONEST, client_id: clientId, client_secret: secret };
    for (let wrong = 0; wrong < 24; wrong += 1) {
      const answer = await ask(
        replicas[0].http,
        { ...body, client_secret: 'a-wrong-secret-indeed' },
        `10.4.0.${wrong}`,
      );
      expect(answer.status).toBe(401);
    }
    expect((await ask(replicas[1].http, body, '10.4.1.1')).status).toBe(200);
  });

  it('let a client through that the other replica knows, after a rotation too', async () => {
    const { clientId, secret } = await replicas[0].client('viewer');
    const address = '10.4.2.1';
    const right = { ...HONEST, client_id: clientId, client_secret: secret };
    expect((await ask(replicas[0].http, right, address)).status).toBe(200);
    for (let guess = 0; guess < 10; guess += 1) {
      await ask(replicas[1].http, { ...right, client_secret: `a-guess-of-many-letters-${guess}` }, address);
    }
    expect((await ask(replicas[1].http, right, address)).status).toBe(200);
    const { body } = await replicas[0].http
      .post(`/api/v1/auth/clients/${clientId}/rotate-secret`)
      .auth(replicas[0].admin, { type: 'bearer' })
      .expect(200);
    expect((await ask(replicas[1].http, { ...right, client_secret: body.client_secret }, address)).status).toBe(200);
  });

  it('converge for reads and writes', async () => {
    const { token } = await replicas[0].client('viewer');
    for (const send of [read, write]) {
      const passed = await passing(30, () => send(replicas[0].http, token));
      expect(passed).toBe(30);
      // The other replica has counted one of its own when it hears of them.
      const first = await send(replicas[1].http, token);
      expect(first.status).not.toBe(429);
      await until(async () => {
        const { headers } = await send(replicas[1].http, token);
        return Number(/r=(\d+)/.exec(String(headers.ratelimit))?.[1]) < 10;
      }, 3_000);
      expect(await passing(30, () => send(replicas[1].http, token))).toBeLessThan(10);
      await until(async () => (await send(replicas[0].http, token)).status === 429, 3_000);
    }
  });

  it('go on without Redis, each replica for itself', async () => {
    const { token } = await replicas[0].client('viewer');
    await redis.stop();
    expect(await passing(60, () => read(replicas[0].http, token))).toBe(40);
    expect(await passing(60, () => read(replicas[1].http, token))).toBe(40);
    expect(await passing(30, () => ask(replicas[0].http, HONEST, '10.5.0.1'))).toBeGreaterThan(0);
    expect((await ask(replicas[0].http, HONEST, '10.5.0.1')).status).toBe(429);
  });
});
