import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { apiOf, expectError } from './api.js';
import { OAuthCalls } from './oauth.js';

const folder = mkdtempSync(join(tmpdir(), 'ooder-status-'));
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const file = join(folder, 'key.pem');
writeFileSync(file, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
const ENV = { SECURITY_ALGORITHM: 'RS256', SECURITY_PRIVATE_KEY_FILE: file, SECURITY_REFRESH_GRACE: '0' };

describe('the status of tokens', () => {
  let app: TestApp;
  let replica: TestApp;
  let calls: OAuthCalls;
  beforeAll(async () => {
    app = await startTestApp({ env: ENV });
    replica = await startTestApp({ env: ENV, database: app.database });
    calls = new OAuthCalls(app);
  });
  afterAll(async () => {
    await replica.close();
    await app.close();
    rmSync(folder, { recursive: true });
  });

  const newCalls = async (role: Parameters<TestApp['client']>[0] = 'agent') =>
    new OAuthCalls(app, await app.client(role));

  describe('revocation (RFC 7009)', () => {
    it('ends an access token here at once, and on another replica within a second, and no other token', async () => {
      const mine = await newCalls();
      const [first, second] = [await mine.grant(), await mine.grant()];
      for (const token of [first.access_token, second.access_token])
        expect(await mine.status(token, replica)).toBe(200);
      await mine.revoke(first.access_token).expect(200);
      expect(await mine.status(first.access_token)).toBe(401);
      const began = performance.now();
      await until(async () => (await mine.status(first.access_token, replica)) === 401, 2_000);
      expect(performance.now() - began).toBeLessThan(1_000);
      for (const at of [app, replica]) expect(await mine.status(second.access_token, at)).toBe(200);
      await mine.refreshed(first.refresh_token);
      expect(await mine.audited('token.revoke')).toHaveLength(1);
    });

    it('ends a session on another replica within a second', async () => {
      const mine = await newCalls();
      const grant = await mine.grant();
      expect(await mine.status(grant.access_token, replica)).toBe(200);
      await mine.refreshed(grant.refresh_token);
      await mine.refresh(grant.refresh_token).expect(400);
      await until(async () => (await mine.status(grant.access_token, replica)) === 401, 1_000);
    });

    it('does not mind a token that is none', async () => {
      const { access_token } = await calls.grant();
      for (const token of ['x', 'a.b.c', `${access_token}x`, 'é', '\u0000', 'x'.repeat(8192)]) {
        await calls.revoke(token).expect(200);
      }
      expect(await calls.status(access_token)).toBe(200);
    });

    it('is for the client’s own tokens', async () => {
      const { access_token } = await calls.grant();
      const other = await newCalls();
      expect((await other.revoke(access_token).expect(400)).body.error).toBe('invalid_grant');
      expect(await calls.status(access_token)).toBe(200);
    });

    it('refuses in the shape of RFC 6749', async () => {
      const post = (form: object) => app.http.post('/api/v1/auth/revoke').type('form').send(form);
      for (const [answer, status, error] of [
        [await post({ token: 'x' }), 401, 'invalid_client'],
        [await post({ token: 'x', client_id: 'admin', client_secret: 'wrong' }), 401, 'invalid_client'],
        [await calls.post('revoke', {}), 400, 'invalid_request'],
        [await calls.post('revoke', { token: 'x'.repeat(8193) }), 400, 'invalid_request'],
      ] as const) {
        expect([answer.status, answer.body]).toEqual([status, { error, error_description: expect.any(String) }]);
      }
    });
  });

  describe('introspection (RFC 7662)', () => {
    it('tells what an access token says, to any client', async () => {
      const mine = await newCalls();
      const { access_token } = await mine.grant({ scope: 'skill:read' });
      const { jti, iat, nbf, exp } = decodeJwt(access_token);
      for (const asking of [mine, calls]) {
        expect(await asking.introspect(access_token)).toEqual({
          active: true,
          scope: 'skill:read',
          client_id: decodeJwt(access_token).sub,
          sub: decodeJwt(access_token).sub,
          token_type: 'Bearer',
          iss: app.url,
          aud: 'ooder-skill',
          jti,
          iat,
          nbf,
          exp,
        });
      }
    });

    it('says of anything else that it is not active, and no more', async () => {
      const { access_token, refresh_token } = await calls.grant();
      const other = await newCalls();
      const theirs = await other.grant();
      await calls.revoke(access_token).expect(200);
      const expired = await sign({ exp: Math.floor(Date.now() / 1000) - 60 });
      // Requests have some seconds more.
      const justNow = await sign({ exp: Math.floor(Date.now() / 1000) });
      expect(await calls.status(justNow)).toBe(200);
      for (const token of [access_token, theirs.refresh_token, expired, justNow, 'x', 'a.b.c', `${refresh_token}x`]) {
        expect(await calls.introspect(token)).toEqual({ active: false });
      }
      expect(await calls.introspect(refresh_token)).toMatchObject({ active: true, token_type: 'refresh_token' });
    });

    it('answers a caller with a token, when it may manage clients', async () => {
      const { access_token } = await calls.grant();
      const ask = (token: string) =>
        app.http
          .post('/api/v1/auth/introspect')
          .type('form')
          .auth(token, { type: 'bearer' })
          .send({ token: access_token });
      expect((await ask(app.admin).expect(200)).body).toMatchObject({ active: true, client_id: 'admin' });
      const { token } = await app.client('operator');
      expect((await ask(token).expect(403)).body.error).toBe('insufficient_scope');
      const bad = await ask('not.a.token').expect(401);
      expect(bad.body.error).toBe('invalid_token');
      expect(bad.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect((await app.http.post('/api/v1/auth/introspect').send({ token: 'x' }).expect(401)).body.error).toBe(
        'invalid_client',
      );
    });
  });

  describe('GET /auth/me', () => {
    it('names the caller, and what the token allows', async () => {
      const { clientId, secret } = await app.client('publisher');
      const { access_token } = await new OAuthCalls(app, { clientId, secret }).grant({ scope: 'skill:read' });
      const { exp = 0 } = decodeJwt(access_token);
      expect((await apiOf(app, access_token).get('/auth/me').expect(200)).body).toEqual({
        client_id: clientId,
        role: 'publisher',
        permissions: ['skill:read'],
        spaces: null,
        expires_at: new Date(exp * 1000).toISOString(),
        quotas: {
          skills: { limit: 500_000, used: 0 },
          endpoints: { limit: 2_000_000, used: 0 },
          capabilities: { limit: 2_000_000, used: 0 },
          channels: { limit: 100_000, used: 0 },
          pending_executions: { limit: 100_000, used: 0 },
          events: { limit: 5_000_000, used: 0 },
        },
      });
    });

    it('tells the Spaces that a client is limited to', async () => {
      const body = { client_id: 'spaced', name: 'Spaced', role: 'agent', spaces: ['a', 'b'] };
      const created = (await apiOf(app).post('/auth/clients', body).expect(201)).body as { client_secret: string };
      const spaced = new OAuthCalls(app, { clientId: 'spaced', secret: created.client_secret });
      const { access_token } = await spaced.grant();
      expect((await apiOf(app, access_token).get('/auth/me')).body.spaces).toEqual(['a', 'b']);
    });
  });

  /** As this service signs, or would not. */
  const sign = (claims: object = {}, header: { alg?: string; typ?: string } = {}, key: object = pair.privateKey) => {
    const now = Math.floor(Date.now() / 1000);
    const good = { sub: 'admin', client_id: 'admin', role: 'admin', scope: 'skill:read', jti: 'x', ver: 1, iat: now };
    return new SignJWT({ ...good, nbf: now, exp: now + 60, iss: 'ooder-skill', aud: 'ooder-skill', ...claims })
      .setProtectedHeader({ alg: 'RS256', ...header })
      .sign(key);
  };

  describe('a token with a key pair', () => {
    it('is taken when it is good', async () => {
      expect(await calls.status(await sign())).toBe(200);
    });

    it.each<[string, () => string | Promise<string>]>([
      ['alg none', async () => (await sign()).replace(/^[^.]+(\..+\.)[^.]+$/, `${encode({ alg: 'none' })}$1`)],
      ['the public key as a secret', () => sign({}, { alg: 'HS256' }, publicKey('pem'))],
      ['the public key as a secret, in DER', () => sign({}, { alg: 'HS256' }, publicKey('der'))],
      ['another algorithm of the same key', () => sign({}, { alg: 'RS384' })],
      ['a probabilistic signature of the same key', () => sign({}, { alg: 'PS256' })],
      ['an end in the past', () => sign({ exp: Math.floor(Date.now() / 1000) - 30 })],
      ['a beginning in the future', () => sign({ nbf: Math.floor(Date.now() / 1000) + 60 })],
      ['an issue in the future', () => sign({ iat: Math.floor(Date.now() / 1000) + 60 })],
      ['no time of issue', () => sign({ iat: undefined })],
      ['no id', () => sign({ jti: undefined })],
      ['another audience', () => sign({ aud: 'other' })],
      ['another issuer', () => sign({ iss: 'other' })],
      ['a client_id that is not its subject', () => sign({ client_id: 'other' })],
      ['a session that is a number', () => sign({ sid: 7 })],
      ['a version that is text', () => sign({ ver: '9' })],
      ['Spaces that are text', () => sign({ spaces: 'a' })],
      [
        'a change in the body',
        async () => (await sign()).replace(/\.(.)/, (_, first) => `.${first === 'e' ? 'f' : 'e'}`),
      ],
      ['its end cut off', async () => (await sign()).slice(0, -10)],
      ['two parts', async () => (await sign()).split('.').slice(0, 2).join('.')],
      ['8 KiB and more', () => sign({ scope: 'x'.repeat(8192) })],
    ])('is refused with %s', async (_, make) => {
      expectError(await apiOf(app, await make()).get('/auth/me'), 401, 1002);
    });

    it('is refused when the header comes twice', async () => {
      const token = `Bearer ${await sign()}`;
      const ask = async (headers: string[]): Promise<number | undefined> => {
        const sent = request(`${app.url}/api/v1/auth/me`, { headers: ['host', 'localhost', ...headers] }).end();
        const [answer] = (await once(sent, 'response')) as [IncomingMessage];
        answer.resume();
        return answer.statusCode;
      };
      expect(await ask(['authorization', token])).toBe(200);
      expect(await ask(['authorization', token, 'Authorization', token])).toBe(401);
      expect(await ask(['authorization', token, 'authorization', 'Bearer x'])).toBe(401);
    });
  });
});

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function publicKey(format: 'pem' | 'der'): Buffer {
  return Buffer.from(pair.publicKey.export({ type: 'spki', format: format as 'pem' }));
}
