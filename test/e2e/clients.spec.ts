import { ADMIN_SECRET, startTestApp, type TestApp, tokenOf } from '../support/test-app.js';
import { type Api, apiOf, expectError, NOBODY } from './api.js';

describe('clients', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const grant = (client_id: string, client_secret: string) =>
    app.http
      .post('/api/v1/auth/token')
      .send({ grant_type: 'client_credentials', client_id, client_secret })
      .then(({ status }) => status);
  const statusOf = (token: string) =>
    apiOf(app, token)
      .get('/skills')
      .then(({ status }) => status);
  const actionsOn = async (target: string) =>
    (
      await app.database.query<{ action: string; actor: string; before: boolean; after: boolean; same: boolean }>(
        `SELECT action, actor, before_digest IS NOT NULL AS before, after_digest IS NOT NULL AS after,
           before_digest = after_digest AS same FROM audit_entries
         WHERE target = $1 AND action LIKE 'client.%' ORDER BY created_at, id`,
        [target],
      )
    ).map(({ action, actor, before, after, same }) => [action, actor, before, after, same]);

  it('are created with a secret that is shown once', async () => {
    const created = await api
      .post('/auth/clients', { client_id: 'weather-team', name: '天气 team', role: 'publisher' })
      .expect(201);
    expect(created.headers['cache-control']).toBe('no-store');
    expect(created.body).toEqual({
      client_id: 'weather-team',
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      name: '天气 team',
      role: 'publisher',
      created_at: expect.any(String),
    });
    const list = await api.get('/auth/clients').expect(200);
    expect(list.text).not.toContain(created.body.client_secret);
    expect(list.text).not.toContain('secret');
    expectError(await api.post('/auth/clients', { client_id: 'weather-team', name: 'x', role: 'viewer' }), 409, 1006);
  });

  it.each([
    { name: 'x', role: 'root' },
    { name: '', role: 'viewer' },
    { role: 'viewer' },
    { name: 'x' },
    { name: 'x', role: ['viewer'] },
    { name: 'x', role: 'viewer', client_id: 'a b' },
    { name: 'x', role: 'viewer', client_id: 'a'.repeat(65) },
    { name: 'x', role: 'viewer', client_id: '' },
    { name: 'x', role: 'viewer', client_secret: 'mine' },
    { name: 'x', role: 'viewer', disabled: false },
    { name: 'x', role: 'viewer', spaces: null },
    { name: 'a\u0000', role: 'viewer' },
  ])('are refused as %j', async (body) => {
    expectError(await api.post('/auth/clients', body), 400, 1001);
  });

  it('are created with Spaces, read and listed', async () => {
    const { body } = await api
      .post('/auth/clients', { client_id: 'limited', name: 'Limited', role: 'viewer', spaces: ['a', 'b.2_x-y'] })
      .expect(201);
    const client = {
      client_id: 'limited',
      name: 'Limited',
      role: 'viewer',
      spaces: ['a', 'b.2_x-y'],
      disabled: false,
      created_at: body.created_at,
    };
    expect((await api.get('/auth/clients/limited').expect(200)).body).toEqual(client);
    const list = await api.get('/auth/clients?limit=1000').expect(200);
    expect(list.body).toContainEqual(client);
    expect(list.headers['x-total-count']).toBe(String((list.body as unknown[]).length));
    const page = await api.get('/auth/clients?skip=1&limit=1').expect(200);
    expect(page.body).toEqual([(list.body as unknown[])[1]]);
    expect(page.headers.link).toContain('rel="prev"');
    expect(await actionsOn('client:limited')).toEqual([['client.create', 'admin', false, true, null]]);
  });

  it.each([
    [{ spaces: [] }, 'spaces must have at least 1 item'],
    [{ spaces: ['a', 'a'] }, 'spaces must not repeat an item'],
    [{ spaces: ['a b'] }, /^spaces each must be 1 to 64/],
    [{ spaces: 'a' }, 'spaces must be an array'],
    [{ spaces: [null] }, /^spaces each/],
    [{ spaces: Array.from({ length: 101 }, (_, index) => `s${index}`) }, 'spaces must have at most 100 items'],
    [{ disabled: 'yes' }, 'disabled must be true or false'],
    [{ disabled: null }, 'disabled must be true or false'],
    [{ role: 'root' }, /^role must be one of/],
    [{ role: null }, /^role must be one of/],
    [{ name: '' }, 'name must not be blank'],
    [{ client_id: 'other' }, 'client_id is unknown'],
    [{ client_secret: 'mine-mine-mine-mine' }, 'client_secret is unknown'],
  ])('are not changed by %j', async (patch, fault) => {
    const { clientId } = await app.client('viewer');
    const faults = expectError(await api.patch(`/auth/clients/${clientId}`, patch), 400, 1001);
    expect(faults.some((text) => (typeof fault === 'string' ? text === fault : fault.test(text)))).toBe(true);
  });

  it('are told every fault at once', async () => {
    const { clientId } = await app.client('viewer');
    const patch = { name: '', role: 'x', spaces: [], disabled: 1 };
    expect(expectError(await api.patch(`/auth/clients/${clientId}`, patch), 400, 1001).length).toBeGreaterThan(3);
  });

  it('are unknown by every call: 1010', async () => {
    for (const answer of [
      await api.get(`/auth/clients/${NOBODY}`),
      await api.patch(`/auth/clients/${NOBODY}`, { name: 'x' }),
      await api.post(`/auth/clients/${NOBODY}/rotate-secret`),
      await api.delete(`/auth/clients/${NOBODY}`),
      await api.get(`/auth/clients/${NOBODY}/api-keys`),
      await api.post(`/auth/clients/${NOBODY}/api-keys`, { name: 'x' }),
      await api.get(`/auth/clients/${NOBODY}/api-keys/${NOBODY}`),
      await api.delete(`/auth/clients/${NOBODY}/api-keys/${NOBODY}`),
    ]) {
      expectError(answer, 404, 1010);
    }
    expectError(await api.get('/auth/clients/a%00b'), 400, 1001);
  });

  it('keep their tokens with a new name, and lose them with a new role, Spaces or when disabled', async () => {
    const { clientId, secret, token } = await app.client('publisher');
    const path = `/auth/clients/${clientId}`;
    expect((await api.patch(path, { name: 'Renamed' }).expect(200)).body.name).toBe('Renamed');
    expect(
      (await api.patch(path, { role: 'publisher', spaces: null, disabled: false }).expect(200)).body,
    ).toMatchObject({
      role: 'publisher',
      spaces: null,
    });
    expect(await statusOf(token)).toBe(200);
    await api.patch(path, { role: 'viewer' }).expect(200);
    expect(await statusOf(token)).toBe(401);
    const viewer = await tokenOf(app.http, clientId, secret);
    expectError(await apiOf(app, viewer).post('/skills', {}), 403, 1003);
    await api.patch(path, { spaces: ['s'] }).expect(200);
    expect(await statusOf(viewer)).toBe(401);
    const limited = await tokenOf(app.http, clientId, secret);
    expect((await api.patch(path, { disabled: true }).expect(200)).body).toMatchObject({
      disabled: true,
      spaces: ['s'],
    });
    expect(await statusOf(limited)).toBe(401);
    expect(await grant(clientId, secret)).toBe(401);
    expect((await api.patch(path, { disabled: false, spaces: null }).expect(200)).body).toMatchObject({ spaces: null });
    expect(await statusOf(await tokenOf(app.http, clientId, secret))).toBe(200);
    expect(await statusOf(limited)).toBe(401);
    expect((await actionsOn(`client:${clientId}`)).map(([action, , , , same]) => [action, same])).toEqual([
      ['client.create', null],
      ['client.update', false],
      ['client.update', true],
      ['client.update', false],
      ['client.update', false],
      ['client.update', false],
      ['client.update', false],
    ]);
  });

  it('get a new secret, and the old one goes at once, with every token', async () => {
    const { clientId, secret, token } = await app.client('viewer');
    const rotated = await api.post(`/auth/clients/${clientId}/rotate-secret`).expect(200);
    expect(rotated.body).toEqual({ client_secret: expect.stringMatching(/^[\w-]{43}$/) });
    expect(rotated.headers['cache-control']).toBe('no-store');
    expect(await grant(clientId, secret)).toBe(401);
    expect(await statusOf(token)).toBe(401);
    expect(await grant(clientId, rotated.body.client_secret as string)).toBe(200);
  });

  it('hold both secrets, and their tokens, until the overlap is over', async () => {
    const { clientId, secret, token } = await app.client('viewer');
    const path = `/auth/clients/${clientId}/rotate-secret`;
    const { client_secret: second } = (await api.post(path, { overlap: 3600 }).expect(200)).body;
    expect([await grant(clientId, secret), await grant(clientId, second), await statusOf(token)]).toEqual([
      200, 200, 200,
    ]);
    await app.database.query(
      `UPDATE clients SET previous_secret_expires_at = now() - interval '1 millisecond' WHERE client_id = $1`,
      [clientId],
    );
    expect([await grant(clientId, secret), await grant(clientId, second)]).toEqual([401, 200]);
    const { client_secret: third } = (await api.post(path, { overlap: 604_800 }).expect(200)).body;
    expect([await grant(clientId, second), await grant(clientId, third)]).toEqual([200, 200]);
    const { client_secret: fourth } = (await api.post(path, { overlap: 0 }).expect(200)).body;
    expect(await Promise.all([secret, second, third, fourth].map((each) => grant(clientId, each as string)))).toEqual([
      401, 401, 401, 200,
    ]);
  });

  it.each([{ overlap: -1 }, { overlap: 604_801 }, { overlap: 1.5 }, { overlap: '5' }, { overlap: null }, { x: 1 }])(
    'get no new secret for %j',
    async (body) => {
      expectError(await api.post('/auth/clients/admin/rotate-secret', body), 400, 1001);
    },
  );

  it('are deleted with their tokens; their Skills stay, and the id is free at once', async () => {
    const { clientId, secret, token } = await app.client('publisher');
    const skill = await apiOf(app, token)
      .post('/skills', { name: clientId, version: '1.0.0', endpoints: [{ url: 'http://a.example' }] })
      .expect(201);
    await api.delete(`/auth/clients/${clientId}`).expect(204);
    expect(await statusOf(token)).toBe(401);
    expect(await grant(clientId, secret)).toBe(401);
    expectError(await api.delete(`/auth/clients/${clientId}`), 404, 1010);
    expect((await api.get(`/skills/${skill.body.skill_id as string}`).expect(200)).body.owner).toBe(clientId);
    const again = await api.post('/auth/clients', { client_id: clientId, name: 'again', role: 'viewer' }).expect(201);
    const fresh = await tokenOf(app.http, clientId, again.body.client_secret as string);
    expect([await statusOf(fresh), await statusOf(token)]).toEqual([200, 401]);
    expect((await actionsOn(`client:${clientId}`)).map(([action]) => action)).toEqual([
      'client.create',
      'client.delete',
      'client.create',
    ]);
  });

  it('do not lock out the admin of the settings', async () => {
    for (const answer of [
      await api.delete('/auth/clients/admin'),
      await api.patch('/auth/clients/admin', { disabled: true }),
      await api.patch('/auth/clients/admin', { role: 'operator' }),
      await api.patch('/auth/clients/admin', { name: 'x', role: 'viewer', disabled: true }),
    ]) {
      expectError(answer, 409, 1006);
      expect(answer.body.message).toMatch(/^The admin client of the settings cannot (be|have) /);
    }
    await api.patch('/auth/clients/admin', { name: 'Root', role: 'admin', disabled: false }).expect(200);
    expect(await grant('admin', ADMIN_SECRET)).toBe(200);
    // Another client of the role is one like any other.
    const { clientId } = await app.client('admin');
    await api.patch(`/auth/clients/${clientId}`, { disabled: true, role: 'viewer' }).expect(200);
    await api.delete(`/auth/clients/${clientId}`).expect(204);
  });

  it('decide races by their row: each change is there, and one deletion counts', async () => {
    const { clientId } = await app.client('viewer');
    const path = `/auth/clients/${clientId}`;
    const versions = () =>
      app.database.query<{ token_version: number }>('SELECT token_version FROM clients WHERE client_id = $1', [
        clientId,
      ]);
    await Promise.all(
      Array.from({ length: 6 }, (_, index) => api.post(`${path}/rotate-secret`, { overlap: index % 2 }).expect(200)),
    );
    expect(await versions()).toEqual([{ token_version: 4 }]);
    await Promise.all([
      api.patch(path, { name: 'both' }).expect(200),
      api.patch(path, { role: 'agent' }).expect(200),
      api.patch(path, { spaces: ['x'] }).expect(200),
    ]);
    expect((await api.get(path)).body).toMatchObject({ name: 'both', role: 'agent', spaces: ['x'] });
    expect(await versions()).toEqual([{ token_version: 6 }]);
    const statuses = await Promise.all(Array.from({ length: 4 }, () => api.delete(path).then(({ status }) => status)));
    expect(statuses.sort()).toEqual([204, 404, 404, 404]);
    const created = await Promise.all(
      Array.from({ length: 4 }, () =>
        api.post('/auth/clients', { client_id: clientId, name: 'n', role: 'viewer' }).then(({ status }) => status),
      ),
    );
    expect(created.sort()).toEqual([201, 409, 409, 409]);
  });

  it('work when they are created anew while the one before is being deleted', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { clientId } = await app.client('viewer');
      const create = () => api.post('/auth/clients', { client_id: clientId, name: 'n', role: 'viewer' });
      const [, first] = await Promise.all([api.delete(`/auth/clients/${clientId}`).expect(204), create()]);
      const { body } = first.status === 201 ? first : await create().expect(201);
      expect(await statusOf(await tokenOf(app.http, clientId, body.client_secret as string))).toBe(200);
    }
  });
});
