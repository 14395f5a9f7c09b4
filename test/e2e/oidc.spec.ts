import { jest } from '@jest/globals';
import { type JWTPayload, SignJWT } from 'jose';
import { OidcIssuer } from '../support/oidc-issuer.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { apiOf, expectError } from './api.js';

const now = () => Math.floor(Date.now() / 1000);

describe('tokens of another identity provider', () => {
  let issuer: OidcIssuer;
  let app: TestApp;
  /** Keys are asked for again at most once in ten seconds, so that most tests begin with a service that knows none. */
  const start = async (env: Record<string, string> = {}) => {
    issuer = await OidcIssuer.start();
    await issuer.addKey('one');
    app = await startTestApp({
      env: { SECURITY_OIDC_ISSUER: issuer.url, SECURITY_OIDC_AUDIENCE: 'ooder', ...env },
    });
  };
  const stop = async () => {
    await app.close();
    await issuer.stop();
  };
  /** Moves the monotonic clock, by which the pause between two questions is measured. */
  const passTime = (ms: number) => {
    const present = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => present() + ms);
  };
  afterEach(() => {
    jest.restoreAllMocks();
  });
  const me = (token: string) => apiOf(app, token).get('/auth/me');
  const warnings = () => app.logs.filter((line) => line.includes('SECURITY_OIDC_ISSUER is unavailable'));

  describe('that answers', () => {
    beforeAll(async () => {
      await start();
      await issuer.addKey('ec', 'ES256');
      await issuer.addKey('ed', 'EdDSA');
      await issuer.addKey('ps', 'PS256');
      await issuer.addKey('strong', 'RS512');
    });
    afterAll(stop);

    it('are taken next to those of this service', async () => {
      const { body } = await me(await issuer.token({ role: 'publisher' })).expect(200);
      expect(body).toMatchObject({ client_id: 'oidc:ann', role: 'publisher', spaces: null });
      expect(body.permissions).toContain('skill:register');
      expect((await me(app.admin).expect(200)).body.client_id).toBe('admin');
      expectError(await apiOf(app, await issuer.token({ role: 'viewer' })).get('/auth/clients'), 403, 1003);
    });

    it.each([
      ['ec', 'ES256'],
      ['ed', 'EdDSA'],
      ['ps', 'PS256'],
    ])('are taken with the key %s of %s', async (kid, alg) => {
      await me(await issuer.token({}, { kid, alg })).expect(200);
    });

    it('cost two questions in all, and one signature check each', async () => {
      const token = await issuer.token();
      for (let n = 0; n < 5; n += 1) await me(token).expect(200);
      expect(issuer.asked).toEqual({ '/.well-known/openid-configuration': 1, '/keys': 1 });
    });

    it.each<[string, JWTPayload]>([
      ['that has expired', { exp: now() - 30 }],
      ['without an end', { exp: undefined }],
      ['that is not valid yet', { nbf: now() + 3600 }],
      ['issued in the future', { iat: now() + 3600 }],
      ['for another audience', { aud: 'other' }],
      ['without an audience', { aud: undefined }],
      ['of another issuer', { iss: 'https://id.example.com' }],
      ['of nobody', { sub: undefined }],
      ['of an empty name', { sub: '' }],
      ['of a name that is too long', { sub: 'x'.repeat(251) }],
      ['without a role', { role: undefined }],
      ['with a role that is none of ours', { role: 'root' }],
      ['with a role of prototypes', { role: 'constructor' }],
    ])('are refused: one %s', async (_, claims) => {
      expectError(await me(await issuer.token(claims)), 401, 1002);
    });

    // Made when it is their turn: a little later they would be too old.
    it.each<[string, () => JWTPayload]>([
      ['that has just expired', () => ({ exp: now() - 2 })],
      ['that is about to be valid', () => ({ nbf: now() + 3 })],
      ['issued by a clock that is a little fast', () => ({ iat: now() + 3 })],
      ['for several audiences', () => ({ aud: ['other', 'ooder'] })],
    ])('are taken: one %s', async (_, claims) => {
      await me(await issuer.token(claims())).expect(200);
    });

    it('are refused with an algorithm that is not on the list, or with none', async () => {
      expectError(await me(await issuer.token({}, { kid: 'strong', alg: 'RS512' })), 401, 1002);
      const claims = { iss: issuer.url, aud: 'ooder', sub: 'ann', role: 'admin', iat: now(), exp: now() + 60 };
      const secret = new TextEncoder().encode('0123456789abcdefghijklmnopqrstuvwxyz');
      expectError(await me(await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)), 401, 1002);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      expectError(await me(`${part({ alg: 'none' })}.${part(claims)}.`), 401, 1002);
    });

    it('are not taken for tokens of this service, nor the other way round', async () => {
      expectError(
        await me(await issuer.token({ iss: 'ooder-skill', aud: 'ooder-skill', scope: 'skill:read' })),
        401,
        1002,
      );
    });

    it('with a key that nobody has make us ask once, not each time', async () => {
      const before = issuer.asked['/keys'] ?? 0;
      const tokens = await Promise.all(
        Array.from({ length: 100 }, (_, n) => issuer.token({}, { kid: `unknown-${n}`, alg: 'ES256' })),
      );
      const answers = await Promise.all(tokens.map((token) => me(token)));
      for (const answer of answers) expectError(answer, 401, 1002);
      // Of the keys, and of the document that names their place: ten seconds lie between two of either.
      expect(issuer.asked['/.well-known/openid-configuration']).toBe(issuer.asked['/keys']);
      expect((issuer.asked['/keys'] ?? 0) - before).toBeLessThanOrEqual(1);
      await me(await issuer.token()).expect(200);
    });
  });

  describe('with roles of its own', () => {
    beforeAll(() =>
      start({
        SECURITY_OIDC_ROLE_CLAIM: 'realm_access.roles',
        SECURITY_OIDC_ROLE_MAP: 'registry-admins=admin, devs=publisher',
      }),
    );
    afterAll(stop);

    it('are mapped; of several roles the mightiest counts, and of none of them nothing', async () => {
      const roleOf = async (roles: unknown) => {
        const answer = await me(await issuer.token({ realm_access: { roles } }));
        return answer.status === 200 ? (answer.body.role as string) : answer.status;
      };
      expect(await roleOf(['users', 'devs'])).toBe('publisher');
      expect(await roleOf(['devs', 'registry-admins'])).toBe('admin');
      expect(await roleOf('devs')).toBe('publisher');
      // With a map, a name that is not in it is no role, not even one that is called like one.
      for (const roles of [['admin'], [], 7, null, [{}], undefined]) expect(await roleOf(roles)).toBe(401);
      expectError(await me(await issuer.token({ role: 'admin' })), 401, 1002);
    });
  });

  describe('that exchanges its keys', () => {
    beforeAll(() => start());
    afterAll(stop);

    it('are taken with the new key, soon', async () => {
      await me(await issuer.token()).expect(200);
      await issuer.addKey('two');
      issuer.removeKey('one');
      const token = await issuer.token({}, { kid: 'two' });
      await me(token).expect(401);
      expect(issuer.asked['/keys']).toBe(1);
      passTime(10_000);
      await me(token).expect(200);
      expect(issuer.asked['/keys']).toBe(2);
    });
  });

  describe('that is away', () => {
    beforeAll(() => start());
    afterAll(stop);

    it('are refused, theirs only, with one warning, and taken when it is back', async () => {
      await issuer.stop();
      for (let n = 0; n < 3; n += 1) {
        expectError(await me(await issuer.token()), 401, 1002);
        await me(app.admin).expect(200);
      }
      expect(warnings()).toHaveLength(1);
      await issuer.restart();
      passTime(10_000);
      await me(await issuer.token()).expect(200);
      expect(app.logs.join('\n')).toContain('SECURITY_OIDC_ISSUER is available again');
    });
  });

  describe.each<[string, string, OidcIssuer['answers'][string]]>([
    ['redirects', '/keys', (response) => response.writeHead(302, { location: '/realms/ooder/elsewhere' }).end()],
    ['fails', '/.well-known/openid-configuration', (response) => response.writeHead(500).end()],
    ['answers no JSON', '/keys', (response) => response.end('<html>')],
    ['answers no keys', '/keys', (response) => response.end('null')],
    ['answers without end', '/keys', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`)],
    ['names another issuer', '/.well-known/openid-configuration', (response) => response.end('{"issuer":"https://a"}')],
    [
      'names keys that cannot be asked for',
      '/.well-known/openid-configuration',
      (response) => response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: 'file:///etc/passwd' })),
    ],
    ['hangs', '/keys', () => undefined],
  ])('that %s', (_, path, answer) => {
    beforeAll(() => start());
    afterAll(stop);

    it('are refused, in bounded time', async () => {
      issuer.answers[path] = answer;
      const began = performance.now();
      expectError(await me(await issuer.token()), 401, 1002);
      expect(performance.now() - began).toBeLessThan(4_000);
      expect(warnings()).toHaveLength(1);
      expect(issuer.asked).not.toHaveProperty('/elsewhere');
      await me(app.admin).expect(200);
    });
  });
});
