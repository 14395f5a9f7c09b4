import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { apiOf } from './api.js';
import { type Grant, OAuthCalls } from './oauth.js';

const SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';

describe.each(['PostgreSQL', 'Redis'])('refresh tokens, sessions in %s', (kind) => {
  let server: RedisServer | undefined;
  let app: TestApp;
  let replica: TestApp;
  beforeAll(async () => {
    server = kind === 'Redis' ? await startRedisServer() : undefined;
    const redis: Record<string, string> = server ? { REDIS_URL: server.url } : {};
    const env = {
      SECURITY_JWT_SECRET: SECRET,
      SECURITY_REFRESH_EXPIRY: '3',
      SECURITY_REFRESH_GRACE: '1',
      SECURITY_MAX_SESSIONS: '5',
      ...redis,
    };
    app = await startTestApp({ env });
    replica = await startTestApp({ env, database: app.database });
  }, 300_000);
  afterAll(async () => {
    await replica.close();
    await app.close();
    await server?.stop();
  });

  /** A client of its own, so that each test has its own audit log. */
  const newClient = async (role: Parameters<TestApp['client']>[0] = 'publisher') => {
    const account = await app.client(role);
    return { account, calls: new OAuthCalls(app, account) };
  };

  it('are given with every access token, and each use gives the next', async () => {
    const { calls } = await newClient();
    const first = await calls.grant();
    expect(first.refresh_token).toMatch(/^[0-9a-f-]{36}\.[\w-]{43}$/);
    const second = await calls.refreshed(first.refresh_token);
    const third = await calls.refreshed(second.refresh_token);
    expect(new Set([first, second, third].map((grant) => grant.refresh_token)).size).toBe(3);
    const claims = [first, second, third].map((grant) => decodeJwt(grant.access_token));
    expect(new Set(claims.map(({ sid }) => sid)).size).toBe(1);
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(3);
    for (const { access_token } of [first, second, third]) expect(await calls.status(access_token)).toBe(200);
    expect((await calls.audited()).slice(-3)).toEqual(['token.issue', 'token.refresh', 'token.refresh']);
  });

  it('belong to a limited number of sessions, the last used ones; access tokens stay valid', async () => {
    const { calls } = await newClient();
    const first = await calls.grant();
    const second = await calls.grant();
    const used = await calls.refreshed(first.refresh_token);
    for (let more = 0; more < 4; more += 1) await calls.grant();
    expect((await calls.refresh(second.refresh_token).expect(400)).body.error).toBe('invalid_grant');
    expect(await calls.status(second.access_token)).toBe(200);
    await calls.refreshed(used.refresh_token);
    // Of one that has ended nobody can tell whether it was used twice.
    expect(await calls.audited('token.reuse')).toEqual([]);
  });

  it('end with all access tokens of the session when one is used again after SECURITY_REFRESH_GRACE, also for the holder of the newest', async () => {
    const { calls } = await newClient();
    const first = await calls.grant();
    const other = await calls.grant();
    const second = await calls.refreshed(first.refresh_token);
    await delay(1_050);
    const answer = await calls.refresh(first.refresh_token).expect(400);
    expect(answer.body).toEqual({ error: 'invalid_grant', error_description: expect.any(String) });
    expect((await calls.refresh(second.refresh_token).expect(400)).body.error).toBe('invalid_grant');
    for (const { access_token } of [first, second]) expect(await calls.status(access_token)).toBe(401);
    expect(await calls.status(other.access_token)).toBe(200);
    await calls.refreshed(other.refresh_token);
    expect(await calls.audited('token.reuse')).toHaveLength(1);
  });

  it('give the same pair to all simultaneous uses, at every replica', async () => {
    const { account, calls } = await newClient();
    const others = new OAuthCalls(replica, account);
    const { refresh_token } = await calls.grant();
    const uses = Array.from({ length: 6 }, (_, index) => (index % 2 ? others : calls).refresh(refresh_token));
    const answers = await Promise.all(uses);
    const pairs = answers.map(({ status, body }) => [status, body] as const);
    expect(new Set(pairs.map((pair) => JSON.stringify(pair))).size).toBe(1);
    const [[status, pair] = []] = pairs;
    expect([status, await calls.status((pair as Grant).access_token)]).toEqual([200, 200]);
    expect(await calls.audited('token.refresh')).toHaveLength(1);
    expect(await calls.audited('token.repeat')).toHaveLength(5);
    // A scope of its own is for one access token only.
    const narrow = await others.refreshed(refresh_token, { scope: 'skill:read' });
    expect(narrow).toMatchObject({ scope: 'skill:read', refresh_token: (pair as Grant).refresh_token });
    // Once the next token was used, the first is too old.
    const next = await others.refreshed((pair as Grant).refresh_token);
    await calls.refresh(refresh_token).expect(400);
    expect(await calls.status(next.access_token)).toBe(401);
  });

  it('narrow the scope, for this access token only, and never widen it', async () => {
    const { calls } = await newClient();
    const first = await calls.grant({ scope: 'skill:read skill:register' });
    const second = await calls.refreshed(first.refresh_token, { scope: 'skill:read' });
    expect([second.scope, decodeJwt(second.access_token).scope]).toEqual(['skill:read', 'skill:read']);
    for (const scope of ['skill:read skill:manage', 'client:manage', 'nonsense']) {
      expect((await calls.refresh(second.refresh_token, { scope }).expect(400)).body.error).toBe('invalid_scope');
    }
    // A scope that was refused has not used the token up.
    expect((await calls.refreshed(second.refresh_token)).scope).toBe('skill:read skill:register');
  });

  it('are good for their client only, and outlive the attempt of another', async () => {
    const { calls } = await newClient();
    const { calls: thief } = await newClient();
    const { refresh_token, access_token } = await calls.grant();
    expect((await thief.refresh(refresh_token).expect(400)).body.error).toBe('invalid_grant');
    await thief.revoke(refresh_token).expect(200);
    expect(await thief.introspect(refresh_token)).toEqual({ active: false });
    expect(await calls.status(access_token)).toBe(200);
    await calls.refreshed(refresh_token);
  });

  it('ask for the secret of the client', async () => {
    const { account, calls } = await newClient();
    const { refresh_token } = await calls.grant();
    const body = { grant_type: 'refresh_token', refresh_token };
    const post = (form: object) => app.http.post('/api/v1/auth/token').type('form').send(form);
    expect((await post(body).expect(401)).body.error).toBe('invalid_client');
    expect((await post({ ...body, client_id: account.clientId }).expect(401)).body.error).toBe('invalid_client');
    await new OAuthCalls(app, { ...account, secret: 'wrong' }).refresh(refresh_token).expect(401);
    await post({ ...body, client_id: account.clientId, client_secret: account.secret }).expect(200);
  });

  it('are no good in any other form', async () => {
    const { calls } = await newClient();
    const { refresh_token, access_token } = await calls.grant();
    const [id = ''] = refresh_token.split('.');
    for (const token of [id, `${id}.`, `${refresh_token}x`, refresh_token.toUpperCase(), access_token, 'x', '\u0000']) {
      const { status, body } = await calls.refresh(token.slice(0, 1024));
      expect([token, status, body.error]).toEqual([token, 400, 'invalid_grant']);
    }
    expect((await calls.post('token', { grant_type: 'refresh_token' }).expect(400)).body.error).toBe('invalid_request');
    expect((await calls.refresh('x'.repeat(1025)).expect(400)).body.error).toBe('invalid_request');
    await calls.refreshed(refresh_token);
  });

  it('are of no use to a client that is disabled, before and after', async () => {
    const { account, calls } = await newClient();
    const { refresh_token, access_token } = await calls.grant();
    const patch = (body: object) => apiOf(app).patch(`/auth/clients/${account.clientId}`, body).expect(200);
    await patch({ disabled: true });
    expect((await calls.refresh(refresh_token).expect(401)).body.error).toBe('invalid_client');
    expect(await calls.status(access_token)).toBe(401);
    await patch({ disabled: false });
    expect((await calls.refresh(refresh_token).expect(400)).body.error).toBe('invalid_grant');
  });

  it('end with a call of revoke, and the access tokens with them', async () => {
    const { calls } = await newClient();
    const first = await calls.grant();
    const second = await calls.refreshed(first.refresh_token);
    const answer = await calls.revoke(second.refresh_token).expect(200);
    expect(answer.text).toBe('');
    for (const { access_token } of [first, second]) expect(await calls.status(access_token)).toBe(401);
    await calls.refresh(second.refresh_token).expect(400);
    await calls.revoke(second.refresh_token).expect(200);
    expect(await calls.audited('token.revoke')).toHaveLength(1);
    expect(await calls.audited('token.reuse')).toHaveLength(0);
  });

  it('are kept as a hash, and never logged', async () => {
    const { calls } = await newClient();
    const { refresh_token } = await calls.refreshed((await calls.grant()).refresh_token);
    const [id = '', random = ''] = refresh_token.split('.');
    const kept =
      kind === 'Redis'
        ? app.logs.join('\n')
        : JSON.stringify(await app.database.query('SELECT * FROM sessions WHERE id = $1', [id]));
    if (kind !== 'Redis') expect(kept).toContain(createHash('sha256').update(refresh_token).digest('hex'));
    for (const text of [kept, app.logs.join('\n')]) expect(text).not.toContain(random);
  });

  it('expire, each as long after its making as SECURITY_REFRESH_EXPIRY says', async () => {
    const { calls } = await newClient();
    const first = await calls.grant();
    const { exp } = await calls.introspect(first.refresh_token);
    expect(Number(exp)).toBeGreaterThanOrEqual(Math.floor(Date.now() / 1000) + 1);
    await delay(1_600);
    const second = await calls.refreshed(first.refresh_token);
    await delay(1_600);
    const third = await calls.refreshed(second.refresh_token);
    await delay(3_100);
    expect((await calls.refresh(third.refresh_token).expect(400)).body.error).toBe('invalid_grant');
    expect(await calls.introspect(third.refresh_token)).toEqual({ active: false });
    // It only expired: nothing was stolen.
    expect(await calls.status(third.access_token)).toBe(200);
  });
});

describe('refresh tokens while Redis is away', () => {
  let server: RedisServer;
  let app: TestApp;
  beforeAll(async () => {
    server = await startRedisServer();
    app = await startTestApp({ env: { REDIS_URL: server.url } });
  }, 300_000);
  afterAll(async () => {
    await app.close();
    await server.stop();
  });

  it('cannot be had or used; access tokens can', async () => {
    const calls = new OAuthCalls(app);
    const { refresh_token } = await calls.grant();
    await server.stop();
    const { body } = await calls.post('token', { grant_type: 'client_credentials' }).expect(200);
    expect(Object.keys(body as object).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
    expect(decodeJwt(body.access_token as string)).not.toHaveProperty('sid');
    expect(await calls.status(body.access_token as string)).toBe(200);
    for (const answer of [await calls.refresh(refresh_token), await calls.revoke(refresh_token)]) {
      expect([answer.status, answer.body]).toEqual([
        503,
        { error: 'temporarily_unavailable', error_description: expect.any(String) },
      ]);
      expect(answer.headers['retry-after']).toBe('1');
    }
    // What needs no session goes on.
    await calls.revoke(body.access_token as string).expect(200);
    expect(await calls.status(body.access_token as string)).toBe(401);
    server = await startRedisServer({ port: server.port });
    await until(async () => Object.hasOwn(await calls.grant(), 'refresh_token'));
  });
});
