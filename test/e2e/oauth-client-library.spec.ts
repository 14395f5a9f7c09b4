import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { ADMIN_SECRET, startTestApp, type TestApp } from '../support/test-app.js';
import { routesOf } from './routes.js';

// The tests speak plain HTTP; the library marks what allows that as deprecated so that it stands out.
// eslint-disable-next-line @typescript-eslint/no-deprecated
const INSECURE = { [oauth.allowInsecureRequests]: true };

/** A standard library, unchanged, knows this service by nothing but its address. */
describe('oauth4webapi', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ooder-oauth-'));
  let app: TestApp;
  let server: oauth.AuthorizationServer;
  beforeAll(async () => {
    const file = join(folder, 'key.pem');
    writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    app = await startTestApp({ env: { SECURITY_ALGORITHM: 'EdDSA', SECURITY_PRIVATE_KEY_FILE: file } });
    const issuer = new URL(app.url);
    const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...INSECURE });
    server = await oauth.processDiscoveryResponse(issuer, answer);
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  const client: oauth.Client = { client_id: 'admin' };

  describe.each([
    ['client_secret_basic', oauth.ClientSecretBasic(ADMIN_SECRET)],
    ['client_secret_post', oauth.ClientSecretPost(ADMIN_SECRET)],
  ])('with %s', (_, authentication) => {
    const grant = async () =>
      oauth.processClientCredentialsResponse(
        server,
        client,
        await oauth.clientCredentialsGrantRequest(
          server,
          client,
          authentication,
          new URLSearchParams({ scope: 'skill:read audit:read' }),
          INSECURE,
        ),
      );

    it('gets, uses, refreshes, introspects and revokes tokens', async () => {
      const first = await grant();
      expect(first).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'skill:read audit:read' });
      const skills = await oauth.protectedResourceRequest(
        first.access_token,
        'GET',
        new URL('/api/v1/skills', app.url),
        undefined,
        undefined,
        INSECURE,
      );
      expect(skills.status).toBe(200);

      const refresh = (token: string) =>
        oauth.refreshTokenGrantRequest(server, client, authentication, token, INSECURE);
      const second = await oauth.processRefreshTokenResponse(server, client, await refresh(first.refresh_token ?? ''));
      expect(second.refresh_token).not.toBe(first.refresh_token);

      const introspect = async (token: string) =>
        oauth.processIntrospectionResponse(
          server,
          client,
          await oauth.introspectionRequest(server, client, authentication, token, INSECURE),
        );
      expect(await introspect(second.access_token)).toMatchObject({
        active: true,
        client_id: 'admin',
        sub: 'admin',
        scope: 'skill:read audit:read',
      });

      for (const token of [second.access_token, second.refresh_token ?? '', 'unknown']) {
        await oauth.processRevocationResponse(
          await oauth.revocationRequest(server, client, authentication, token, INSECURE),
        );
        expect(await introspect(token)).toEqual({ active: false });
      }
      await expect(
        (async () => oauth.processRefreshTokenResponse(server, client, await refresh(second.refresh_token ?? '')))(),
      ).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
    });

    it('checks the signature by the keys of the metadata', async () => {
      const { access_token } = await grant();
      const keys = createRemoteJWKSet(new URL(server.jwks_uri ?? ''));
      const { payload, protectedHeader } = await jwtVerify(access_token, keys, { audience: 'ooder-skill' });
      expect(payload).toMatchObject({ sub: 'admin', client_id: 'admin' });
      expect(protectedHeader.alg).toBe('EdDSA');
    });
  });

  it('understands a refusal', async () => {
    const answer = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.ClientSecretBasic('wrong'),
      {},
      INSECURE,
    );
    const told = await oauth.processClientCredentialsResponse(server, client, answer).then(
      () => undefined,
      (error: unknown) => error,
    );
    // RFC 6749 section 5.2: who came with Basic is challenged with Basic, which the library reads first.
    expect(told).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
    const posted = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.ClientSecretBasic(ADMIN_SECRET),
      { scope: 'nonsense' },
      INSECURE,
    );
    await expect(oauth.processClientCredentialsResponse(server, client, posted)).rejects.toMatchObject({
      error: 'invalid_scope',
    });
  });
});

describe('the metadata of the authorization server (RFC 8414)', () => {
  const PATH = '/.well-known/oauth-authorization-server';

  it('names only routes that there are, at the address of the settings, whatever host the caller names', async () => {
    const app = await startTestApp();
    try {
      const { body } = await app.http.get(PATH).expect(200);
      expect(body.issuer).toBe(app.url);
      const routes = routesOf(app.app);
      const path = (url: string) => url.replace(app.url, '');
      for (const name of ['token_endpoint', 'revocation_endpoint', 'introspection_endpoint']) {
        expect(routes).toContain(`POST ${path(body[name] as string)}`);
      }
      expect(routes).toContain(`GET ${path(body.jwks_uri as string)}`);
      expect(decodeJwt(app.admin).iss).toBe(body.issuer);
      for (const name of ['host', 'x-forwarded-host', 'forwarded', 'x-forwarded-proto', 'x-original-host']) {
        const answer = await app.http.get(PATH).set(name, name === 'forwarded' ? 'host=evil.example' : 'evil.example');
        expect([name, answer.body]).toEqual([name, body]);
      }
      // The key of caller assertions; access tokens have a shared secret.
      const keys = (await app.http.get('/.well-known/jwks.json').expect(200)).body as { keys: object[] };
      const known = {
        kty: 'OKP',
        crv: 'Ed25519',
        alg: 'EdDSA',
        use: 'sig',
        x: expect.any(String),
        kid: expect.any(String),
      };
      expect(keys).toEqual({ keys: [known] });
      expect(decodeProtectedHeader(app.admin).alg).toBe('HS256');
    } finally {
      await app.close();
    }
  });

  it('has the address of APP_PUBLIC_URL, where that is set', async () => {
    const app = await startTestApp({ env: { APP_PUBLIC_URL: 'https://registry.example.com/' } });
    try {
      expect(decodeJwt(app.admin).iss).toBe('https://registry.example.com');
      expect((await app.http.get(PATH).set('host', 'elsewhere').expect(200)).body).toMatchObject({
        issuer: 'https://registry.example.com',
        token_endpoint: 'https://registry.example.com/api/v1/auth/token',
        jwks_uri: 'https://registry.example.com/.well-known/jwks.json',
      });
    } finally {
      await app.close();
    }
  });
});
