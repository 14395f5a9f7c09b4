import { hash } from '@node-rs/argon2';
import { SecretHasher } from '../../libs/auth/src/clients/secret-hasher.js';
import { ADMIN_SECRET, startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/v1/auth/token';
const GRANT = { grant_type: 'client_credentials' };
const GOOD = { ...GRANT, client_id: 'admin', client_secret: ADMIN_SECRET };

describe('the token endpoint (RFC 6749)', () => {
  let app: TestApp;
  beforeAll(async () => (app = await startTestApp()));
  afterAll(() => app.close());

  const form = (body: Record<string, string>) => app.http.post(PATH).type('form').send(body);
  const json = (body: object) => app.http.post(PATH).send(body);

  it('takes a form, JSON and HTTP Basic', async () => {
    for (const request of [
      form(GOOD),
      json(GOOD),
      form(GRANT).auth('admin', ADMIN_SECRET),
      json(GRANT).auth('admin', ADMIN_SECRET),
    ]) {
      const { body, headers } = await request.expect(200);
      expect(Object.keys(body as object).sort()).toEqual([
        'access_token',
        'expires_in',
        'refresh_token',
        'scope',
        'token_type',
      ]);
      expect(headers['cache-control']).toBe('no-store');
    }
  });

  it('takes Basic credentials that are form-encoded, and a client_id that repeats them', async () => {
    const encoded = `Basic ${Buffer.from(`%61dmin:${encodeURIComponent(ADMIN_SECRET)}`).toString('base64')}`;
    await form(GRANT).set('authorization', encoded).expect(200);
    await form({ ...GRANT, client_id: 'admin' })
      .auth('admin', ADMIN_SECRET)
      .expect(200);
  });

  it('grants the scope that is asked for, and all of the role without', async () => {
    const { body } = await json({ ...GOOD, scope: ' skill:read  skill:read ' }).expect(200);
    expect(body.scope).toBe('skill:read');
    await app.http
      .get('/api/v1/skills')
      .auth(body.access_token as string, { type: 'bearer' })
      .expect(200);
    await app.http
      .post('/api/v1/skills')
      .auth(body.access_token as string, { type: 'bearer' })
      .expect(403);
    const { clientId, secret } = await app.client('viewer');
    const viewer = { ...GRANT, client_id: clientId, client_secret: secret };
    expect((await json(viewer).expect(200)).body.scope).toBe('skill:read');
    const asked = `skill:read skill:manage "\u00e9\\ skill:administrate ${ADMIN_SECRET}9`;
    expect((await json({ ...viewer, scope: asked }).expect(400)).body).toEqual({
      error: 'invalid_scope',
      error_description:
        'This client may not ask for: skill:manage ??? skill:administrate an-a.... It may ask for: skill:read',
    });
  });

  it('ignores parameters that it does not know (section 3.2)', async () => {
    await form({ ...GOOD, audience: 'x', resource: 'y' }).expect(200);
  });

  it.each<[string, object, number, string]>([
    ['no grant type', { client_id: 'admin', client_secret: ADMIN_SECRET }, 400, 'invalid_request'],
    ['an empty grant type', { ...GOOD, grant_type: '' }, 400, 'invalid_request'],
    ['another grant type', { ...GOOD, grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['a grant type that is a list', { ...GOOD, grant_type: ['client_credentials'] }, 400, 'invalid_request'],
    ['a secret that is a number', { ...GOOD, client_secret: 7 }, 400, 'invalid_request'],
    ['a secret that is too long', { ...GOOD, client_secret: 's'.repeat(1025) }, 400, 'invalid_request'],
    ['no credentials', GRANT, 401, 'invalid_client'],
    ['no secret', { ...GRANT, client_id: 'admin' }, 401, 'invalid_client'],
    ['a wrong secret', { ...GOOD, client_secret: 'wrong' }, 401, 'invalid_client'],
    ['a client that is not there', { ...GOOD, client_id: 'nobody' }, 401, 'invalid_client'],
    ['a client with NUL', { ...GOOD, client_id: 'adm\u0000in' }, 401, 'invalid_client'],
    ['a secret with NUL', { ...GOOD, client_secret: '\u0000' }, 401, 'invalid_client'],
    ['half a surrogate pair', { ...GOOD, client_id: '\ud800' }, 401, 'invalid_client'],
    ['a scope that is none', { ...GOOD, scope: 'everything' }, 400, 'invalid_scope'],
    ['a body that is a list', [GOOD], 400, 'invalid_request'],
    ['__proto__', JSON.parse('{"__proto__": {"grant_type": "client_credentials"}}') as object, 400, 'invalid_request'],
  ])('refuses %s', async (_, body, status, error) => {
    const answer = await json(body);
    expect([answer.status, answer.body]).toEqual([status, { error, error_description: expect.any(String) }]);
    expect(answer.headers['cache-control']).toBe('no-store');
    // RFC 6749 section 5.2: no Authorization header was sent.
    expect(answer.headers).not.toHaveProperty('www-authenticate');
  });

  const FORM = 'application/x-www-form-urlencoded';
  it.each([
    ['a repeated parameter', 'grant_type=client_credentials&grant_type=client_credentials', FORM, 400, 'once'],
    ['JSON that is none', '{', 'application/json', 400, 'JSON'],
    ['another media type', 'x', 'text/plain', 415, `send ${FORM} or application/json`],
    ['an empty body', '', 'application/json', 400, `${FORM} or application/json`],
    ['a body of 10 MB', 'x='.padEnd(10_000_000, 'y'), FORM, 413, '65536 bytes'],
    ['bytes that are no UTF-8', Buffer.from([0xff]), 'application/json', 400, 'UTF-8'],
  ])('refuses %s in the shape of RFC 6749', async (_, body, type, status, why) => {
    const request = app.http
      .post(PATH)
      .set('content-type', type)
      .serialize((raw: unknown) => raw as string);
    const answer = await request.send(body as string);
    expect([answer.status, answer.body]).toEqual([
      status,
      { error: 'invalid_request', error_description: expect.stringContaining(why) },
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('challenges a client that used Basic with Basic', async () => {
    const wrong = await form(GRANT).auth('admin', 'wrong').expect(401);
    expect(wrong.headers['www-authenticate']).toMatch(/^Basic realm=/);
    // A browser would ask its user for a password.
    const page = await form(GRANT).auth('admin', 'wrong').set('origin', 'http://localhost:8000').expect(401);
    expect(page.headers).not.toHaveProperty('www-authenticate');
    const bearer = await form(GRANT).auth('x', { type: 'bearer' }).expect(401);
    expect(bearer.headers['www-authenticate']).toBe('Bearer');
    for (const header of ['Basic !!!', 'Basic YQ==', `Basic ${Buffer.from('%:%').toString('base64')}`, 'Basic']) {
      const answer = await form(GRANT).set('authorization', header);
      expect([400, 401]).toContain(answer.status);
      expect(answer.body).toMatchObject({ error: expect.stringMatching(/^invalid_(client|request)$/) });
    }
    expect((await form(GOOD).auth('admin', ADMIN_SECRET).expect(400)).body.error).toBe('invalid_request');
    expect(
      (
        await form({ ...GRANT, client_id: 'other' })
          .auth('admin', ADMIN_SECRET)
          .expect(400)
      ).body.error,
    ).toBe('invalid_request');
  });

  it('refuses more secrets than it can check, of clients that are there or not', async () => {
    const made = await app.http
      .post('/api/v1/auth/clients')
      .auth(app.admin, { type: 'bearer' })
      .send({ name: 'Has not signed in', role: 'viewer' })
      .expect(201);
    const { client_id, client_secret } = made.body as Record<'client_id' | 'client_secret', string>;
    const client = { client_id, client_secret };
    const hasher = app.app.get(SecretHasher, { strict: false });
    const quick = await hash('x', { memoryCost: 4096, timeCost: 1, parallelism: 1 });
    let isBusy = true;
    const fill = (secrets: number): void => {
      for (let n = 0; n < secrets; n += 1) hasher.verify(quick, 'x').catch(() => undefined);
      if (isBusy) setImmediate(fill, 50);
    };
    // More than may wait, before the first request comes.
    fill(500);
    // One that has never signed in: those that are known at their address go first.
    const attempts = [client, { client_id: 'nobody', client_secret: 'x' }];
    const answers = await Promise.all(
      attempts.flatMap((attempt) => Array.from({ length: 20 }, () => json({ ...GRANT, ...attempt }))),
    );
    isBusy = false;
    const busy = answers.map(({ status }) => status === 503);
    expect([busy.indexOf(true) < 20, busy.lastIndexOf(true) >= 20]).toEqual([true, true]);
    for (const { body, headers } of answers.filter(({ status }) => status === 503)) {
      expect(body).toMatchObject({ code: 1008, error: 'temporarily_unavailable' });
      expect(headers['retry-after']).toBe('1');
    }
  });

  it('does not answer GET', async () => {
    const answer = await app.http.get(`${PATH}?grant_type=client_credentials`).expect(405);
    expect(answer.headers).toMatchObject({ allow: 'POST' });
    expect(answer.headers).not.toHaveProperty('www-authenticate');
  });
});
