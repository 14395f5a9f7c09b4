import type { JWTPayload } from 'jose';
import { OidcKeys } from '../../libs/auth/src/oidc/oidc-keys.js';
import { OidcIssuer } from '../support/oidc-issuer.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { apiOf, expectError } from './api.js';

const now = () => Math.floor(Date.now() / 1000);

describe('what tokens of another identity provider give', () => {
  let issuer: OidcIssuer;
  let app: TestApp;
  const env = () => ({
    SECURITY_OIDC_ISSUER: issuer.url,
    SECURITY_OIDC_AUDIENCE: 'ooder',
    // The former name of the setting gives way to the present one.
    SECURITY_OIDC_ROLE_CLAIM: 'role',
    SECURITY_OIDC_ROLES_CLAIM: 'realm_access.roles',
    SECURITY_OIDC_SPACES_CLAIM: 'ooder.spaces',
    SECURITY_OIDC_MAX_LIFETIME: '120',
  });
  beforeAll(async () => {
    issuer = await OidcIssuer.start();
    await issuer.addKey('one');
    app = await startTestApp({ env: env() });
  });
  afterAll(async () => {
    await app.close();
    await issuer.stop();
  });

  const tokenOf = (claims: JWTPayload = {}, header = {}) =>
    issuer.token({ realm_access: { roles: ['publisher'] }, ooder: { spaces: '*' }, ...claims }, header);
  const meOf = async (claims: JWTPayload = {}, header = {}) =>
    apiOf(app, await tokenOf(claims, header)).get('/auth/me');
  const admin = () => apiOf(app);

  it('is no more than their scope, and all that their role may without one', async () => {
    const permissionsOf = async (scope?: unknown) =>
      (await meOf(scope === undefined ? {} : { scope })).body.permissions as string[];
    expect(await permissionsOf()).toEqual(['skill:read', 'skill:register', 'skill:manage', 'skill:unregister']);
    expect(await permissionsOf('openid skill:read')).toEqual(['skill:read']);
    expect(await permissionsOf(['skill:register', 'client:manage'])).toEqual(['skill:register']);
    expect(await permissionsOf('openid profile')).toEqual([]);
    expect(await permissionsOf('')).toEqual([]);
    const narrow = apiOf(app, await tokenOf({ scope: 'skill:read' }));
    expectError(await narrow.post('/skills', skillBody()), 403, 1003);
    for (const scope of [7, null, {}, [7]]) expectError(await meOf({ scope }), 401, 1002);
  });

  it('is 401 or what it may be, whatever type a claim has', async () => {
    const odd = [null, true, 0, -1, 1.5, 1e300, '', '\u0000', '\ud800', 'x'.repeat(3_000), [], [null], [[]], {}];
    const names = 'iss aud sub exp iat nbf jti scope realm_access ooder typ token_use azp client_id sid ver'.split(' ');
    const values = [...odd, { toString: 1 }, [{ toString: 1 }], { spaces: [null] }, { roles: [{ toString: 1 }] }];
    const broken: unknown[] = [];
    for (const name of names) {
      for (const value of values) {
        const api = apiOf(app, await tokenOf({ [name]: value }));
        for (const { status } of [await api.get('/auth/me'), await api.post('/skills', skillBody())])
          if (![200, 201, 401, 403].includes(status)) broken.push([name, value, status]);
      }
    }
    expect(broken).toEqual([]);
  });

  it('is limited to the Spaces that they name; without the claim they are refused', async () => {
    const hidden = await admin()
      .post('/skills', { ...skillBody(), space_id: 'theirs' })
      .expect(201);
    const shown = await admin()
      .post('/skills', { ...skillBody(), space_id: 'mine' })
      .expect(201);
    for (const spaces of ['mine', ['mine'], ['mine', 'other']]) {
      const api = apiOf(app, await tokenOf({ ooder: { spaces } }));
      expect((await api.get('/auth/me').expect(200)).body.spaces).toEqual([spaces].flat());
      const list = await api.get('/skills').expect(200);
      expect((list.body as { skill_id: string }[]).map(({ skill_id }) => skill_id)).toEqual([shown.body.skill_id]);
      expectError(await api.get(`/skills/${hidden.body.skill_id as string}`), 404, 1004);
    }
    expect((await meOf({ ooder: { spaces: [] } })).body.spaces).toEqual([]);
    expect((await meOf({ ooder: { spaces: ['*'] } })).body.spaces).toBeNull();
    for (const ooder of [undefined, {}, { spaces: null }, { spaces: 7 }, { spaces: ['a b'] }, { spaces: [['mine']] }]) {
      expectError(await meOf({ ooder }), 401, 1002);
    }
  });

  it.each<[string, () => JWTPayload]>([
    ['lives too long', () => ({ exp: now() + 300 })],
    ['lives too long since long ago', () => ({ iat: now() - 90, exp: now() + 60 })],
    ['ends when no clock shows it', () => ({ exp: 1e300 })],
    ['ends before all time', () => ({ exp: -1 })],
    ['ends at a text', () => ({ exp: String(now() + 60) as never })],
    ['ends in between', () => ({ exp: now() + 60.5 })],
    ['begins at infinity', () => ({ nbf: -1e300 })],
    ['was issued before all time', () => ({ iat: -1e300 })],
    ['was issued in between', () => ({ iat: now() - 0.5 })],
    ['has no time of issue', () => ({ iat: undefined })],
    ['has a subject with NUL', () => ({ sub: 'a\u0000b' })],
    ['has a subject with a line break', () => ({ sub: 'a\nb' })],
    ['has half a character as subject', () => ({ sub: '\ud800' })],
    ['has a long subject', () => ({ sub: 'x'.repeat(4_000) })],
    ['has a subject that is no text', () => ({ sub: { toString: 'x' } as never })],
    ['has audiences that are none', () => ({ aud: [{}, 7] as never })],
    ['names itself by no text', () => ({ jti: { a: 1 } as never })],
    ['names a client by no text', () => ({ client_id: ['a'] })],
    ['was made for no text', () => ({ azp: 7 })],
    ['is an ID token with a nonce', () => ({ nonce: 'n' })],
    ['is an ID token with the hash of an access token', () => ({ at_hash: 'x' })],
    ['is a logout token', () => ({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })],
    ['is an ID token of Keycloak', () => ({ typ: 'ID' })],
    ['is a refresh token of Keycloak', () => ({ typ: 'Refresh' })],
    ['is an offline token of Keycloak', () => ({ typ: 'Offline' })],
    ['is a logout token of Keycloak', () => ({ typ: 'Logout' })],
    ['is an ID token of Cognito', () => ({ token_use: 'id' })],
  ])('is nothing where a token %s', async (_, claims) => {
    expectError(await meOf(claims()), 401, 1002);
  });

  it('depends on the type in the header', async () => {
    for (const typ of ['JWT', 'at+jwt', 'AT+JWT', 'application/at+jwt', undefined]) {
      expect([typ, (await meOf({}, { typ })).status]).toEqual([typ, 200]);
    }
    for (const typ of ['logout+jwt', 'id+jwt', 'secevent+jwt', 'dpop+jwt', 'JOSE', '']) {
      expectError(await meOf({}, { typ }), 401, 1002);
    }
    for (const claims of [{ typ: 'Bearer' }, { token_use: 'access' }, { azp: 'console', client_id: 'console' }]) {
      expect((await meOf(claims)).status).toBe(200);
    }
  });

  it('ends when the key that signed them is withdrawn, also of a token that was verified', async () => {
    await issuer.addKey('withdrawn');
    await issuer.addKey('kept');
    const keys = app.app.get(OidcKeys);
    const [ends, stays] = [await tokenOf({}, { kid: 'withdrawn' }), await tokenOf({}, { kid: 'kept' })];
    const statuses = () =>
      Promise.all(
        [ends, stays].map((token) =>
          apiOf(app, token)
            .get('/auth/me')
            .then(({ status }) => status),
        ),
      );
    // What the job does twice a minute.
    await keys.runAnew();
    expect(await statuses()).toEqual([200, 200]);
    issuer.removeKey('withdrawn');
    expect(await statuses()).toEqual([200, 200]);
    await keys.runAnew();
    expect(await statuses()).toEqual([401, 200]);
  });

  describe.each(['ann', 'auth0|5f7c', 'a/b?c#d%2F', '天气 & co', `${'ü'.repeat(249)}/`, 'a:b@c'])('of %s', (sub) => {
    const path = `/auth/clients/${encodeURIComponent(`oidc:${sub}`)}`;
    const ask = async () => (await meOf({ sub })).status;

    it('is cut off and given back, durably', async () => {
      expectError(await admin().get(path), 404, 1010);
      const token = await tokenOf({ sub });
      await apiOf(app, token).get('/auth/me').expect(200);
      const { body } = await admin().patch(path, { disabled: true }).expect(200);
      expect(body).toMatchObject({ client_id: `oidc:${sub}`, name: sub, role: null, spaces: null, disabled: true });
      expectError(await apiOf(app, token).get('/auth/me'), 401, 1002);
      expect(await ask()).toBe(401);
      expect((await admin().get(path).expect(200)).body).toEqual(body);
      await admin().patch(path, { disabled: false }).expect(200);
      expect([await ask(), (await apiOf(app, token).get('/auth/me')).status]).toEqual([200, 200]);
    });
  });

  it('is cut off before they have ever come, on every replica within a second, and after a restart', async () => {
    const path = '/auth/clients/oidc:never';
    const other = await startTestApp({ database: app.database, env: env() });
    try {
      const ask = async () => (await apiOf(other, await tokenOf({ sub: 'never' })).get('/auth/me')).status;
      const began = Date.now();
      await admin().patch(path, { disabled: true }).expect(200);
      await until(async () => (await ask()) === 401, 2_000);
      expect(Date.now() - began).toBeLessThan(2_000);
      const again = await startTestApp({ database: app.database, env: env() });
      expect((await apiOf(again, await tokenOf({ sub: 'never' })).get('/auth/me')).status).toBe(401);
      await again.close();
      await admin().patch(path, { disabled: false }).expect(200);
      await until(async () => (await ask()) === 200, 2_000);
    } finally {
      await other.close();
    }
  });

  it('is otherwise not changed here, not by clients limited to Spaces, and not for other clients', async () => {
    const path = '/auth/clients/oidc:bob';
    expect(expectError(await admin().patch(path, { role: 'admin', disabled: true }), 400, 1001)).toEqual([
      'role is said by the tokens of this caller',
    ]);
    expect(expectError(await admin().patch(path, {}), 400, 1001)).toEqual(['disabled is required']);
    await admin().patch(path, { disabled: true }).expect(200);
    const limited = apiOf(app, (await app.client('admin', 'mine')).token);
    expectError(await limited.get(path), 404, 1010);
    expectError(await limited.patch(path, { disabled: false }), 404, 1010);
    for (const id of ['oidc:', `oidc:${'x'.repeat(251)}`, 'oidc:a\u0000', 'OIDC:a', 'other:a']) {
      expectError(await admin().patch(`/auth/clients/${encodeURIComponent(id)}`, { disabled: true }), 400, 1001);
    }
    const entries = (await admin().get('/audit?target=client:oidc:bob').expect(200)).body.data.entries as object[];
    expect(entries).toMatchObject([{ actor: 'admin', action: 'client.update', result: 'success' }]);
  });
});
