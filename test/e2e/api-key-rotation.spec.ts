import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf, NOBODY, TIME, UUID } from './api.js';

interface Key {
  key_id: string;
  api_key: string;
  scopes: string[] | null;
  expires_at: string | null;
}

describe('API keys, changed and rotated', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const statusOf = async (key: string) => (await keyApiOf(app, key).get('/skills')).status;
  const keyOf = async (body: object = {}) => {
    const { clientId } = await app.client('publisher');
    const { id, key } = await apiKeyOf(app, clientId, body);
    expect(await statusOf(key)).toBe(200);
    return {
      clientId,
      key,
      path: `/auth/clients/${clientId}/api-keys/${id}`,
      all: `/auth/clients/${clientId}/api-keys`,
    };
  };
  const rotated = async (path: string, body?: object) =>
    (await api.post(`${path}/rotate`, body).expect(201)).body as Key;
  const audited = (id: string) =>
    app.database.query('SELECT action FROM audit_entries WHERE target = $1 ORDER BY created_at, id', [`api_key:${id}`]);

  it('are renamed, disabled and enabled, each time at once', async () => {
    const { key, path } = await keyOf({ scopes: ['skill:read'] });
    const { last_used_at: _, ...others } = (await api.get(path).expect(200)).body as Record<string, unknown>;
    expect((await api.patch(path, { name: 'another name' }).expect(200)).body).toMatchObject({
      ...others,
      name: 'another name',
    });
    for (let round = 0; round < 3; round += 1) {
      expect((await api.patch(path, { disabled: true }).expect(200)).body).toMatchObject({ disabled: true });
      expectError(await keyApiOf(app, key).get('/skills'), 401, 1002);
      // Again changes nothing.
      expect((await api.patch(path, { disabled: true }).expect(200)).body).toMatchObject({ disabled: true });
      expect((await api.patch(path, { disabled: false }).expect(200)).body).toMatchObject({ disabled: false });
      expect(await statusOf(key)).toBe(200);
    }
    expect((await api.patch(path, {}).expect(200)).body).toMatchObject({ name: 'another name', disabled: false });
    for (const body of [{ disabled: 'yes' }, { scopes: ['skill:read'] }, { name: '' }, { api_key: 'x' }])
      expectError(await api.patch(path, body), 400, 1001);
  });

  it('give way to a new one at once', async () => {
    const { key, path, all } = await keyOf({ name: 'nightly', scopes: ['skill:read'] });
    const next = await rotated(path);
    expect(next).toEqual({
      key_id: expect.stringMatching(UUID),
      api_key: expect.stringMatching(/^osk_/),
      prefix: next.api_key.slice(0, 12),
      scopes: ['skill:read'],
      expires_at: null,
    });
    expect([await statusOf(key), await statusOf(next.api_key)]).toEqual([401, 200]);
    expectError(await keyApiOf(app, next.api_key).post('/skills', {}), 403, 1003);
    expect((await api.get(all).expect(200)).body).toMatchObject([{ key_id: next.key_id, name: 'nightly' }]);
    expect(await audited(path.split('/').at(-1) ?? '')).toEqual([
      { action: 'api_key.create' },
      { action: 'api_key.delete' },
    ]);
    expect(await audited(next.key_id)).toEqual([{ action: 'api_key.create' }]);
  });

  it('hold both until the overlap is over, and leave nothing behind', async () => {
    const { key, path, all } = await keyOf();
    const since = Date.now();
    const next = await rotated(path, { overlap: 1 });
    expect([await statusOf(key), await statusOf(next.api_key)]).toEqual([200, 200]);
    expect((await api.get(path).expect(200)).body).toMatchObject({ rotated_at: expect.stringMatching(TIME) as string });
    expectError(await api.post(`${path}/rotate`), 409, 1006);
    // Though it is in memory for a minute.
    await until(async () => (await statusOf(key)) === 401, 1_500);
    expect(Date.now() - since).toBeGreaterThanOrEqual(1_000);
    expect(await statusOf(next.api_key)).toBe(200);
    const last = await rotated(`${all}/${next.key_id}`, { overlap: 60 });
    const ids = ((await api.get(all).expect(200)).body as Key[]).map(({ key_id }) => key_id);
    expect(ids).toEqual([next.key_id, last.key_id]);
    expect(await audited(next.key_id)).toEqual([{ action: 'api_key.create' }, { action: 'api_key.rotate' }]);
  });

  it('last as long as the former was made to last, which lasts no longer than it was', async () => {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const { path } = await keyOf({ expires_at });
    await app.database.query(`UPDATE api_keys SET created_at = created_at - interval '1 hour' WHERE id = $1`, [
      path.split('/').at(-1),
    ]);
    const next = await rotated(path, { overlap: 604_800 });
    const lifetime = Date.parse(next.expires_at ?? '') - Date.now();
    expect(lifetime).toBeGreaterThan(7_190_000);
    expect(lifetime).toBeLessThan(7_210_000);
    expect((await api.get(path).expect(200)).body.expires_at).toBe(expires_at);
  });

  it('are not rotated when they are disabled, unknown, or of another client; nor with a wrong overlap', async () => {
    const { path, all } = await keyOf();
    const other = await keyOf();
    for (const overlap of [-1, 604_801, 1.5, '5', null])
      expectError(await api.post(`${path}/rotate`, { overlap }), 400, 1001);
    for (const unknown of [`${all}/${NOBODY}`, path.replace(/clients\/[^/]+/, `clients/${other.clientId}`)]) {
      expectError(await api.post(`${unknown}/rotate`), 404, 1010);
      expectError(await api.patch(unknown, { disabled: true }), 404, 1010);
    }
    await api.patch(path, { disabled: true }).expect(200);
    expectError(await api.post(`${path}/rotate`), 409, 1006);
    expect((await api.get(all)).body).toHaveLength(1);
  });

  it('are rotated once, of any number of attempts', async () => {
    const { path, all } = await keyOf();
    const answers = await Promise.all(Array.from({ length: 8 }, () => api.post(`${path}/rotate`, { overlap: 60 })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
    expect((await api.get(all)).body).toHaveLength(2);
  });
});
