import type { Role } from '#auth';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { ApiKeyUsage } from '../../libs/auth/src/api-keys/api-key-usage.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf, NOBODY, TIME, UUID } from './api.js';

const KEY = /^osk_[\w-]{43}$/;

describe('API keys', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const statusOf = (key: string, path = '/skills') =>
    keyApiOf(app, key)
      .get(path)
      .then(({ status }) => status);
  const of = async (role: Role, body: object = {}) => {
    const client = await app.client(role);
    return {
      ...client,
      path: `/auth/clients/${client.clientId}/api-keys`,
      ...(await apiKeyOf(app, client.clientId, body)),
    };
  };

  it('are shown once, listed and read without themselves, and deleted', async () => {
    const { clientId } = await app.client('publisher');
    const path = `/auth/clients/${clientId}/api-keys`;
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const created = await api.post(path, { name: '夜 build', scopes: ['skill:read'], expires_at }).expect(201);
    expect(created.headers['cache-control']).toBe('no-store');
    const { api_key, key_id } = created.body;
    expect(created.body).toEqual({
      key_id: expect.stringMatching(UUID),
      api_key: expect.stringMatching(KEY),
      prefix: (api_key as string).slice(0, 12),
      scopes: ['skill:read'],
      expires_at,
    });
    const shown = {
      key_id,
      name: '夜 build',
      prefix: created.body.prefix,
      scopes: ['skill:read'],
      expires_at,
      disabled: false,
      rotated_at: null,
      last_used_at: null,
      created_at: expect.stringMatching(TIME),
    };
    const list = await api.get(path).expect(200);
    expect(list.body).toEqual([shown]);
    expect((await api.get(`${path}/${key_id as string}`).expect(200)).body).toEqual(shown);
    expect(await statusOf(api_key as string)).toBe(200);
    await api.delete(`${path}/${key_id as string}`).expect(204);
    expect(await statusOf(api_key as string)).toBe(401);
    expectError(await api.get(`${path}/${key_id as string}`), 404, 1010);
    expectError(await api.delete(`${path}/${key_id as string}`), 404, 1010);
    expect((await api.get(path)).body).toEqual([]);
    expect(
      await app.database.query('SELECT action, actor FROM audit_entries WHERE target = $1 ORDER BY created_at', [
        `api_key:${key_id as string}`,
      ]),
    ).toEqual([
      { action: 'api_key.create', actor: 'admin' },
      { action: 'api_key.delete', actor: 'admin' },
    ]);
  });

  it('belong to one client: another one has no such key', async () => {
    const { id, key } = await of('viewer');
    const { clientId } = await app.client('viewer');
    expectError(await api.get(`/auth/clients/${clientId}/api-keys/${id}`), 404, 1010);
    expectError(await api.delete(`/auth/clients/${clientId}/api-keys/${id}`), 404, 1010);
    expectError(await api.get(`/auth/clients/${clientId}/api-keys/${NOBODY}`), 404, 1010);
    expect(await statusOf(key)).toBe(200);
  });

  it('are not made, seen or deleted by their own client: only by client:manage', async () => {
    const { path, token, key, id } = await of('operator');
    for (const own of [apiOf(app, token), keyApiOf(app, key)]) {
      expectError(await own.post(path, { name: 'x' }), 403, 1003);
      expectError(await own.get(path), 403, 1003);
      expectError(await own.get(`${path}/${id}`), 403, 1003);
      expectError(await own.delete(`${path}/${id}`), 403, 1003);
    }
  });

  it('tell every scope that is beyond the role', async () => {
    const { clientId } = await app.client('viewer');
    const path = `/auth/clients/${clientId}/api-keys`;
    const scopes = ['skill:manage', 'skill:read', 'client:manage'];
    expect(expectError(await api.post(path, { name: 'x', scopes }), 400, 1001)).toEqual([
      'scopes.0 skill:manage is beyond the role viewer',
      'scopes.2 client:manage is beyond the role viewer',
    ]);
    expect((await api.get(path)).body).toEqual([]);
  });

  it.each([
    [{ scopes: [] }, /^scopes must have at least 1/],
    [{ scopes: ['skill:fly'] }, /^scopes each must be one of/],
    [{ scopes: ['skill:read', 'skill:read'] }, /^scopes must not repeat/],
    [{ scopes: 'skill:read' }, /^scopes must be an array/],
    [{ scopes: null }, /^scopes/],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at must be in the future'],
    [{ expires_at: 'tomorrow' }, /^expires_at must be a date and time/],
    [{ expires_at: 4_000_000_000 }, /^expires_at/],
    [{ expires_at: null }, /^expires_at/],
    [{ name: '' }, /^name/],
    [{ api_key: 'osk_mine' }, 'api_key is unknown'],
  ])('are not made of %j', async (body, fault) => {
    const faults = expectError(await api.post('/auth/clients/admin/api-keys', { name: 'x', ...body }), 400, 1001);
    expect(faults.some((text) => (typeof fault === 'string' ? text === fault : fault.test(text)))).toBe(true);
  });

  it('are at most 100 of a client, also when many are made at once', async () => {
    const { clientId } = await app.client('viewer');
    const path = `/auth/clients/${clientId}/api-keys`;
    await app.database.query(
      `INSERT INTO api_keys (id, client_uuid, name, prefix, key_hash)
       SELECT gen_random_uuid(), c.id, 'k', 'osk_', md5(i::text || c.id) || md5(i::text)
       FROM clients c, generate_series(1, 96) i WHERE client_id = $1`,
      [clientId],
    );
    const statuses = await Promise.all(
      Array.from({ length: 8 }, () => api.post(path, { name: 'k' }).then(({ status }) => status)),
    );
    expect(statuses.sort()).toEqual([201, 201, 201, 201, 409, 409, 409, 409]);
    expectError(await api.post(path, { name: 'k' }), 409, 1006);
  });

  it('may what their scopes and the role of now have in common', async () => {
    const { clientId, key } = await of('publisher', { scopes: ['skill:read', 'skill:register'] });
    const mine = keyApiOf(app, key);
    const created = await mine.post('/skills', skillBody()).expect(201);
    expect(created.body.owner).toBe(clientId);
    expectError(await mine.delete(`/skills/${created.body.skill_id as string}`), 403, 1003);
    const all = keyApiOf(app, (await apiKeyOf(app, clientId)).key);
    await all.patch(`/skills/${created.body.skill_id as string}`, { description: 'x' }).expect(200);
    await api.patch(`/auth/clients/${clientId}`, { role: 'viewer' }).expect(200);
    await mine.get('/skills').expect(200);
    expectError(await mine.post('/skills', skillBody()), 403, 1003);
    await api.patch(`/auth/clients/${clientId}`, { role: 'agent' }).expect(200);
    expectError(await mine.post('/skills', skillBody()), 403, 1003);
    await api.patch(`/auth/clients/${clientId}`, { role: 'publisher' }).expect(200);
    await mine.post('/skills', skillBody()).expect(201);
  });

  it('grow no larger than their client when its role grows', async () => {
    const { clientId, key } = await of('viewer', { scopes: ['skill:read'] });
    await api.patch(`/auth/clients/${clientId}`, { role: 'admin' }).expect(200);
    await keyApiOf(app, key).get('/skills').expect(200);
    expectError(await keyApiOf(app, key).get('/auth/clients'), 403, 1003);
  });

  it('are refused in the same words, whatever is wrong with them', async () => {
    const gone = await of('viewer');
    await api.delete(`${gone.path}/${gone.id}`).expect(204);
    const disabled = await of('viewer');
    await api.patch(`/auth/clients/${disabled.clientId}`, { disabled: true }).expect(200);
    const orphan = await of('viewer');
    await api.delete(`/auth/clients/${orphan.clientId}`).expect(204);
    const expired = await of('viewer', { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    await app.database.query(`UPDATE api_keys SET expires_at = now() - interval '1 ms' WHERE id = $1`, [expired.id]);
    const unknown = `osk_${'x'.repeat(43)}`;
    const bodies = await Promise.all(
      [gone.key, disabled.key, orphan.key, expired.key, unknown, 'nonsense', ' ', `${unknown}x`, 'é'].map(
        async (key) => {
          const answer = await keyApiOf(app, encodeURI(key)).get('/skills');
          expectError(answer, 401, 1002);
          expect(answer.headers['www-authenticate']).toBe('Bearer');
          return { ...answer.body, timestamp: 0, trace_id: 0 } as object;
        },
      ),
    );
    for (const body of bodies) expect(body).toEqual({ ...bodies[0], message: 'The API key is invalid or has expired' });
  });

  it('end exactly when they expire, also where they are known', async () => {
    const end = Date.now() + 3000;
    const { key } = await of('viewer', { expires_at: new Date(end).toISOString() });
    expect(await statusOf(key)).toBe(200);
    await until(async () => (await statusOf(key)) === 401, 5000);
    expect(Date.now()).toBeGreaterThanOrEqual(end);
  });

  it('do not go together with a bearer token, good or bad', async () => {
    const { key, token } = await of('viewer');
    for (const [apiKey, bearer] of [
      [key, token],
      ['nonsense', token],
      [key, 'nonsense'],
      ['', token],
    ] as const) {
      const answer = await apiOf(app, bearer).get('/skills').set('x-api-key', apiKey);
      expectError(answer, 401, 1002);
      expect(answer.body.message).toBe('Send a bearer token or an API key, not both');
    }
    // Refused before the body is read.
    expectError(await keyApiOf(app, 'nonsense').post('/skills', skillBody()), 401, 1002);
  });

  it('tell when they were used: in batches, once a minute', async () => {
    const { key, path, id } = await of('viewer');
    const usage = app.app.get(ApiKeyUsage);
    const lastUsed = async () => (await api.get(`${path}/${id}`)).body.last_used_at as string | null;
    for (let call = 0; call < 3; call += 1) await statusOf(key);
    expect(await lastUsed()).toBeNull();
    await usage.flush();
    const first = await lastUsed();
    expect(Date.now() - Date.parse(first ?? '')).toBeLessThan(10_000);
    await statusOf(key);
    await usage.flush();
    expect(await lastUsed()).toBe(first);
  });

  it('are in no answer, no log and no table, and neither are secrets', async () => {
    const { clientId, secret, key, token } = await of('publisher');
    const { client_secret: rotated } = (await api.post(`/auth/clients/${clientId}/rotate-secret`, { overlap: 60 }))
      .body;
    await keyApiOf(app, key).get(`/skills?q=${key}`);
    await keyApiOf(app, key).post('/skills', { nonsense: true });
    await keyApiOf(app, `${key}x`).get('/skills');
    await apiOf(app, token).get('/skills');
    const answers = await Promise.all([
      api.get('/auth/clients?limit=1000'),
      api.get(`/auth/clients/${clientId}`),
      api.get(`/auth/clients/${clientId}/api-keys`),
      api.patch(`/auth/clients/${clientId}`, { name: 'n' }),
    ]);
    const tables = await app.database.query<{ table_name: string }>(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
    );
    const rows = await Promise.all(
      tables.map(async ({ table_name }) =>
        JSON.stringify(await app.database.query(`SELECT t::text AS row FROM "${table_name}" t`)),
      ),
    );
    const kept = [...answers.map(({ text }) => text), ...rows, ...app.logs].join('\n');
    for (const text of [secret, key, rotated as string, token]) expect(kept).not.toContain(text);
    expect(kept).toContain(clientId);
  });
});
