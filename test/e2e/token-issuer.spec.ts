import { decodeJwt, SignJWT } from 'jose';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { apiOf, expectError } from './api.js';

const ISSUER = 'https://registry.example.com';
const SECRET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEF';

describe('SECURITY_JWT_ISSUER', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { SECURITY_JWT_ISSUER: ISSUER, SECURITY_JWT_SECRET: SECRET } });
  });
  afterAll(() => app.close());

  it('is the issuer of tokens and of the metadata, while the endpoints are where they are', async () => {
    expect(decodeJwt(app.admin)).toMatchObject({ iss: ISSUER, aud: 'ooder-skill' });
    const { body } = await app.http.get('/.well-known/oauth-authorization-server').expect(200);
    expect(body).toMatchObject({ issuer: ISSUER, token_endpoint: `${app.url}/api/v1/auth/token` });
  });

  it('is asked of tokens', async () => {
    const claims = { ...decodeJwt(app.admin), iss: 'ooder-skill', jti: 'another' };
    const other = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET));
    expectError(await apiOf(app, other).get('/skills'), 401, 1002);
    await apiOf(app).get('/skills').expect(200);
  });

  it('is of no help to tokens that are cut off, wherever', async () => {
    for (let length = 0; length < app.admin.length; length += 7) {
      const answer = await apiOf(app, app.admin.slice(0, length) || 'x').get('/skills');
      expectError(answer, 401, 1002);
    }
  });
});
