import { SignJWT } from 'jose';
import type { Response } from 'supertest';
import { ADMIN_SECRET, startTestApp, type TestApp } from '../support/test-app.js';
import { skillBody } from '../support/skill.factory.js';
import { until } from '../support/until.js';
import { type Api, apiOf } from './api.js';
import type { AuditEntry } from './audit-entries.js';

const SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';
const READS = 20;
const TOKENS = 40;

describe('the audit log, of requests that were refused for a reason', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp({
      env: {
        SECURITY_JWT_SECRET: SECRET,
        RATE_LIMIT_READS: String(READS),
        RATE_LIMIT_TOKEN: String(TOKENS),
        TRUST_PROXY: '127.0.0.1',
      },
    });
    api = apiOf(app);
  });
  afterAll(() => app.close());

  /** By the table: who asks the API has a limit, too. */
  const entriesOf = (filter: Partial<AuditEntry>) =>
    app.database.query<AuditEntry>(
      'SELECT * FROM audit_entries e WHERE to_jsonb(e) @> $1::jsonb ORDER BY created_at DESC, id DESC',
      [JSON.stringify(filter)],
    );
  const refusalOf = async (answer: Response): Promise<AuditEntry> => {
    expect([401, 429]).toContain(answer.status);
    let found: AuditEntry | undefined;
    await until(async () => {
      [found] = await entriesOf({ trace_id: String(answer.headers['x-trace-id']) });
      return found !== undefined;
    }, 5_000);
    if (!found) throw new Error('It is not there');
    return found;
  };
  const read = () => app.http.get('/api/v1/skills');
  const tokenOf = (sub: string, exp: number, secret = SECRET) =>
    new SignJWT({ sub, client_id: sub, role: 'publisher', scope: 'skill:read skill:register', jti: `${sub}-${exp}` })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('ooder-skill')
      .setAudience('ooder-skill')
      .setIssuedAt(exp - 60)
      .setExpirationTime(exp)
      .sign(Buffer.from(secret));
  const past = Math.floor(Date.now() / 1000) - 60;

  it('names the client of an expired token, of reads and of writes', async () => {
    const token = await tokenOf('weather-team', past);
    const expected = { actor: 'weather-team', result: 'failed', reason: 'expired' };
    expect(await refusalOf(await read().auth(token, { type: 'bearer' }))).toMatchObject({
      ...expected,
      action: 'GET /api/v1/skills',
    });
    const write = app.http.post('/api/v1/skills/').auth(token, { type: 'bearer' }).send(skillBody());
    expect(await refusalOf(await write)).toMatchObject(expected);
  });

  it('names nobody for a token that was never good', async () => {
    const forged = await tokenOf('admin', past, 'another secret than that of the service');
    expect(await refusalOf(await read().auth(forged, { type: 'bearer' }))).toMatchObject({
      actor: 'anonymous',
      reason: null,
    });
  });

  it('names the client of revoked tokens and of keys that hold no more', async () => {
    const { clientId, token, secret } = await app.client('publisher');
    const revoked = { actor: clientId, result: 'failed', reason: 'revoked' };
    const { body } = await api.post(`/auth/clients/${clientId}/api-keys`, { name: 'key' }).expect(201);
    const key = body.api_key as string;
    await read().set('x-api-key', key).expect(200);
    await app.http.post('/api/v1/auth/revoke').auth(clientId, secret).send({ token }).expect(200);
    expect(await refusalOf(await read().auth(token, { type: 'bearer' }))).toMatchObject(revoked);
    await api.patch(`/auth/clients/${clientId}`, { disabled: true }).expect(200);
    // As it was in memory, and as the database knows it.
    for (const path of ['/api/v1/capabilities', '/api/v1/skills/discover'])
      expect(await refusalOf(await app.http.get(path).set('x-api-key', key))).toMatchObject(revoked);
  });

  it('does not let bad tokens from the same address hide one that was good once', async () => {
    const { clientId, token, secret } = await app.client('publisher');
    await app.http.post('/api/v1/auth/revoke').auth(clientId, secret).send({ token }).expect(200);
    for (let sent = 0; sent < 15; sent += 1)
      await read().set('x-forwarded-for', '10.7.0.1').auth('not.a.token', { type: 'bearer' }).expect(401);
    const answer = await read().set('x-forwarded-for', '10.7.0.1').auth(token, { type: 'bearer' });
    expect(await refusalOf(answer)).toMatchObject({ actor: clientId, reason: 'revoked', address: '10.7.0.1' });
  });

  it('has one entry of a client that asks for too much, however much that is', async () => {
    const { clientId, token } = await app.client('viewer');
    for (let sent = 0; sent < READS + 30; sent += 1) await read().auth(token, { type: 'bearer' });
    await until(async () => (await entriesOf({ actor: clientId, result: 'denied' })).length > 0, 5_000);
    expect(await entriesOf({ actor: clientId, result: 'denied' })).toMatchObject([
      { action: 'GET /api/v1/skills', target: '/api/v1/skills', reason: 'rate_limit' },
    ]);
  });

  describe('of the token endpoint', () => {
    const ask = (client_id: string, client_secret: string, address: string) =>
      app.http
        .post('/api/v1/auth/token')
        .set('x-forwarded-for', address)
        .send({ grant_type: 'client_credentials', client_id, client_secret });
    const limited = { action: 'POST /api/v1/auth/token', result: 'denied', reason: 'rate_limit' } as const;
    /** The first one is written within a second; the others, if there were any, with it. */
    const someOf = async (filter: Partial<AuditEntry>): Promise<AuditEntry[]> => {
      await until(async () => (await entriesOf(filter)).length > 0, 5_000);
      return entriesOf(filter);
    };

    it('has one entry of a client at an address that shows wrong secrets', async () => {
      const { clientId } = await app.client('viewer');
      for (let sent = 0; sent < 20; sent += 1) await ask(clientId, 'a-wrong-secret-of-course', '10.8.0.1');
      expect(await someOf({ actor: clientId, result: 'denied' })).toMatchObject([
        { reason: 'wrong_secrets', address: '10.8.0.1' },
      ]);
    });

    it('has one entry of a client that asks too often from where it is known', async () => {
      const address = '10.8.0.2';
      for (let sent = 0; sent < TOKENS + 10; sent += 1) await ask('admin', ADMIN_SECRET, address);
      expect(await someOf({ ...limited, actor: 'admin' })).toMatchObject([{ address }]);
      expect(await entriesOf({ ...limited, actor: 'anonymous' })).toEqual([]);
    });

    it('has one entry of an address where no client is known and that asks too often', async () => {
      const address = '10.8.0.3';
      for (let sent = 0; sent < TOKENS + 10; sent += 1) await ask(`nobody-${sent}`, 'a-secret-of-nobody', address);
      expect(await someOf({ ...limited, actor: 'anonymous' })).toMatchObject([{ address }]);
    });
  });
});
