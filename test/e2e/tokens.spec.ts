import { decodeJwt, generateKeyPair, SignJWT } from 'jose';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { apiOf, expectError } from './api.js';

const SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';
const NOW = Math.floor(Date.now() / 1000);
const CLAIMS = {
  sub: 'admin',
  role: 'admin',
  scope: 'skill:read skill:register',
  jti: 'a-token',
  iat: NOW,
  exp: NOW + 3600,
};
const SCOPE = { iss: 'ooder-skill', aud: 'ooder-skill' };
const key = (secret: string) => new TextEncoder().encode(secret);
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('tokens', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { SECURITY_JWT_SECRET: SECRET, SECURITY_JWT_EXPIRY: '1' } });
  });
  afterAll(() => app.close());

  const signed = (claims: object = {}, { secret = SECRET, alg = 'HS256' } = {}) =>
    new SignJWT({ ...CLAIMS, ...SCOPE, ...claims }).setProtectedHeader({ alg, typ: 'JWT' }).sign(key(secret));
  const status = async (token: string) => (await apiOf(app, token).get('/skills')).status;
  const refuse = async (token: string) => {
    const answer = await apiOf(app, token).get('/skills');
    expectError(answer, 401, 1002);
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(answer.text).not.toContain(token);
  };

  it('last as long as SECURITY_JWT_EXPIRY says', () => {
    const { iat = 0, exp = 0 } = decodeJwt(app.admin);
    expect(exp - iat).toBe(1);
  });

  it('are taken when this service could have signed them', async () => {
    expect(await status(await signed())).toBe(200);
    expect(await status(await signed({ aud: ['other', 'ooder-skill'] }))).toBe(200);
  });

  it.each<[string, object]>([
    ['expired', { exp: NOW - 30 }],
    ['without an expiry', { exp: undefined }],
    ['not valid yet', { nbf: NOW + 3600 }],
    ['of another issuer', { iss: 'other' }],
    ['without an issuer', { iss: undefined }],
    ['for another audience', { aud: 'other' }],
    ['without an audience', { aud: undefined }],
    ['without a client', { sub: undefined }],
    ['with a client that is a number', { sub: 7 }],
    ['without a role', { role: undefined }],
    ['with a role that is none', { role: 'root' }],
    ['with a role of prototypes', { role: '__proto__' }],
    ['without a scope', { scope: undefined }],
    ['with a scope that is a list', { scope: ['skill:read'] }],
    ['with an expiry that is text', { exp: 'never' }],
    ['with an expiry beyond all times', { exp: 1e300 }],
    ['with an issue before all times', { iat: -1e300 }],
    ['with a client that holds NUL', { sub: 'a\u0000b' }],
    ['with a client that is half a character', { sub: 'a\ud800' }],
    ['with a client that is longer than any', { sub: 'x'.repeat(256) }],
    ['with a client that is empty', { sub: '' }],
    ['with an id that holds NUL', { jti: '\u0000' }],
    ['with an id that is longer than any', { jti: 'x'.repeat(256) }],
    ['with Spaces that hold NUL', { spaces: ['\u0000'] }],
    ['with Spaces that are none', { spaces: [''] }],
    ['with Spaces that are numbers', { spaces: [7] }],
    ['with a Space that is a text', { spaces: 'mine' }],
  ])('are refused %s', async (_, claims) => {
    await refuse(await signed(claims));
  });

  it('are refused with a wrong secret, another algorithm, or none', async () => {
    await refuse(await signed({}, { secret: SECRET.toUpperCase() }));
    await refuse(await signed({}, { alg: 'HS384' }));
    await refuse(await signed({}, { alg: 'HS512' }));
    const { privateKey } = await generateKeyPair('ES256');
    await refuse(await new SignJWT({ ...CLAIMS, ...SCOPE }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey));
    const body = base64({ ...CLAIMS, ...SCOPE });
    for (const alg of ['none', 'None', 'NONE', '', 'HS256']) {
      await refuse(`${base64({ alg, typ: 'JWT' })}.${body}.`.replace(/\.$/, alg === 'HS256' ? '.AAAA' : '.'));
    }
  });

  it('are refused when they were changed', async () => {
    const [head = '', , signature = ''] = (await signed({ scope: 'skill:read', role: 'viewer' })).split('.');
    await refuse(`${head}.${base64({ ...CLAIMS, ...SCOPE })}.${signature}`);
    await refuse(`${head}.${base64({ ...CLAIMS, ...SCOPE })}.${signature.slice(0, -4)}AAAA`);
    await refuse(`${base64({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } })}.${base64({ ...CLAIMS, ...SCOPE })}.AAAA`);
  });

  it('give no more than both the token and the role hold', async () => {
    const viewer = await signed({ role: 'viewer', scope: 'skill:read nonsense __proto__ constructor' });
    expect(await status(viewer)).toBe(200);
    expectError(await apiOf(app, viewer).post('/skills', {}), 403, 1003);
    expectError(await apiOf(app, await signed({ scope: '' })).get('/skills'), 403, 1003);
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Token x',
    'bearer a b',
    `Bearer ${'x'.repeat(9000)}`,
    'Bearer ü',
    'Bearer a,b',
    'x',
  ])('are refused as the header "%s"', async (header) => {
    const answer = await app.http.get('/api/v1/skills').set('authorization', Buffer.from(header).toString('latin1'));
    expectError(answer, 401, 1002);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  it('are taken with any case of the scheme, and not from the query', async () => {
    await app.http
      .get('/api/v1/skills')
      .set('authorization', `bEARER  ${await signed()}`)
      .expect(200);
    expectError(await app.http.get(`/api/v1/skills?access_token=${await signed()}`), 401, 1002);
  });

  it('are neither logged nor told, whole or in part', async () => {
    const token = await signed();
    await apiOf(app, token).get('/skills').expect(200);
    await apiOf(app, `${token}x`).get('/skills').expect(401);
    const [, body = '', signature = ''] = token.split('.');
    const logs = app.logs.join('\n');
    expect(logs).toContain('/api/v1/skills');
    for (const part of [body, signature, SECRET]) expect(logs).not.toContain(part);
  });
});
