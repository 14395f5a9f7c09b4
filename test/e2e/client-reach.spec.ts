import { skillBody } from '../support/skill.factory.js';
import { ADMIN_SECRET, startTestApp, type TestApp } from '../support/test-app.js';
import type { Response } from 'supertest';
import { PERMISSIONS, listPermissions } from '#auth';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf, NOBODY } from './api.js';

describe('the clients that a client may change', () => {
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

  describe('within Spaces', () => {
    let number = 0;
    const space = () => `client-space-${(number += 1)}`;
    const limited = async (...spaces: string[]) => apiOf(app, (await app.client('admin', ...spaces)).token);
    const idsIn = async (of: Api) => {
      const list = await of.get('/auth/clients?limit=100').expect(200);
      return {
        ids: (list.body as { client_id: string }[]).map(({ client_id }) => client_id),
        total: list.headers['x-total-count'],
      };
    };

    it('are all that a limited admin sees: those whose Spaces are among its own', async () => {
      const [mine, also, theirs] = [space(), space(), space()];
      const { clientId: self, token } = await app.client('admin', mine, also);
      const inside = await app.client('viewer', also);
      const hidden = [
        await app.client('viewer', theirs),
        await app.client('viewer', mine, theirs),
        await app.client('viewer'),
        { clientId: 'admin' },
      ];
      const admin = apiOf(app, token);
      expect(await idsIn(admin)).toEqual({ ids: [self, inside.clientId], total: '2' });
      await admin.get(`/auth/clients/${inside.clientId}`).expect(200);
      for (const { clientId } of hidden) {
        const path = `/auth/clients/${clientId}`;
        const { key, id } = clientId === 'admin' ? { key: '', id: NOBODY } : await keyOf(clientId);
        for (const answer of [
          await admin.get(path),
          await admin.patch(path, { name: 'taken' }),
          await admin.patch(path, { disabled: true }),
          await admin.patch(path, { spaces: [mine] }),
          await admin.post(`${path}/rotate-secret`, {}),
          await admin.delete(path),
          await admin.get(`${path}/api-keys`),
          await admin.post(`${path}/api-keys`, { name: 'a key' }),
          await admin.get(`${path}/api-keys/${id}`),
          await admin.patch(`${path}/api-keys/${id}`, { disabled: true }),
          await admin.post(`${path}/api-keys/${id}/rotate`, {}),
          await admin.delete(`${path}/api-keys/${id}`),
        ]) {
          expectError(answer, 404, 1010);
        }
        if (key !== '') await keyApiOf(app, key).get('/auth/me').expect(200);
      }
    });

    const keyOf = (clientId: string) => apiKeyOf(app, clientId);

    it('are made and changed within those of the admin, and never beyond', async () => {
      const [mine, also, theirs] = [space(), space(), space()];
      const admin = await limited(mine, also);
      const make = (body: object) => admin.post('/auth/clients', { name: 'x', role: 'viewer', ...body });
      const made = (await make({ role: 'admin' }).expect(201)).body.client_id as string;
      expect((await api.get(`/auth/clients/${made}`)).body.spaces).toEqual([mine, also]);
      await make({ spaces: [also] }).expect(201);
      for (const spaces of [[theirs], [mine, theirs]]) {
        expectError(await make({ spaces }), 403, 1003);
        expectError(await admin.patch(`/auth/clients/${made}`, { spaces }), 403, 1003);
      }
      expectError(await admin.patch(`/auth/clients/${made}`, { spaces: null }), 403, 1003);
      expect((await api.get(`/auth/clients/${made}`)).body.spaces).toEqual([mine, also]);
      await admin.patch(`/auth/clients/${made}`, { spaces: [mine], role: 'operator', disabled: true }).expect(200);
      expect(await idsIn(admin)).toMatchObject({ total: '3' });
      await admin.post(`/auth/clients/${made}/rotate-secret`, {}).expect(200);
      await admin.delete(`/auth/clients/${made}`).expect(204);
    });

    it('are given no id of a deleted client that has left something beyond the Spaces of the admin', async () => {
      const [mine, theirs] = [space(), space()];
      const admin = await limited(mine);
      /** A publisher that has gone; `unregister`: its Skill too. */
      const gone = async (spaces: string[], space_id?: string, unregister = false): Promise<string> => {
        const { clientId, token } = await app.client('publisher', ...spaces);
        const publisher = apiOf(app, token);
        const { body } = await publisher.post('/skills', { ...skillBody(), ...(space_id && { space_id }) }).expect(201);
        if (unregister) await publisher.delete(`/skills/${body.skill_id as string}`).expect(204);
        await api.delete(`/auth/clients/${clientId}`).expect(204);
        return clientId;
      };
      const make = (who: Api, client_id: string) => who.post('/auth/clients', { client_id, name: 'x', role: 'viewer' });
      for (const left of [
        await gone([]),
        await gone([theirs], theirs),
        await gone([mine, theirs], theirs),
        // Its name is held.
        await gone([], undefined, true),
      ]) {
        expectError(await make(admin, left), 409, 1006);
        await make(api, left).expect(201);
      }
      await make(admin, await gone([mine, theirs], mine)).expect(201);
    });

    it('get no more than the credential of a limited admin holds itself', async () => {
      const mine = space();
      const { clientId } = await app.client('admin', mine);
      const { clientId: publisher } = await app.client('publisher', mine);
      const { clientId: viewer } = await app.client('viewer', mine);
      const { key } = await apiKeyOf(app, clientId, { scopes: ['client:manage', 'skill:read'] });
      const admin = keyApiOf(app, key);
      const path = `/auth/clients/${publisher}`;
      for (const answer of [
        await admin.post('/auth/clients', { name: 'x', role: 'admin' }),
        await admin.post('/auth/clients', { name: 'x', role: 'agent' }),
        await admin.patch(`/auth/clients/${viewer}`, { role: 'publisher' }),
        await admin.post(`${path}/rotate-secret`, {}),
        await admin.post(`${path}/api-keys`, { name: 'x' }),
        await admin.post(`${path}/api-keys`, { name: 'x', scopes: ['skill:read', 'skill:register'] }),
        await admin.post(`/auth/clients/${clientId}/api-keys`, { name: 'x' }),
      ]) {
        expectError(answer, 403, 1003);
      }
      await admin.post('/auth/clients', { name: 'x', role: 'viewer' }).expect(201);
      await admin.post(`${path}/api-keys`, { name: 'x', scopes: ['skill:read'] }).expect(201);
      await admin.post(`/auth/clients/${viewer}/rotate-secret`, {}).expect(200);
    });

    it('leave entries of the audit log that concern every Space when their own limit comes or goes', async () => {
      const [mine, theirs] = [space(), space()];
      const { clientId } = await app.client('viewer', mine);
      for (const spaces of [[mine, theirs], null, [mine]])
        await api.patch(`/auth/clients/${clientId}`, { spaces }).expect(200);
      const entries = await app.database.query<{ space_ids: string[] | null }>(
        `SELECT space_ids FROM audit_entries WHERE action = 'client.update' AND target = $1 ORDER BY created_at`,
        [`client:${clientId}`],
      );
      expect(entries.map(({ space_ids }) => space_ids)).toEqual([[mine, theirs].toSorted(), null, null]);
    });

    it('are not told of by the introspection of their tokens, but to those of their Spaces', async () => {
      const [mine, theirs] = [space(), space()];
      const asker = await app.client('viewer', mine);
      const inside = await app.client('viewer', mine);
      const outside = await app.client('viewer', theirs);
      const manager = await app.client('admin', mine);
      const introspect = async (token: string) => [
        (await app.http.post('/api/v1/auth/introspect').auth(asker.clientId, asker.secret).send({ token }))
          .body as object,
        (await app.http.post('/api/v1/auth/introspect').auth(manager.token, { type: 'bearer' }).send({ token }))
          .body as object,
      ];
      for (const token of [outside.token, app.admin]) {
        expect(await introspect(token)).toEqual([{ active: false }, { active: false }]);
      }
      expect(await introspect(inside.token)).toMatchObject([
        { active: true, client_id: inside.clientId },
        { active: true, client_id: inside.clientId },
      ]);
    });
  });

  describe('with a credential that may not do all that its role may', () => {
    /** The permissions that the refusal names. */
    const lackingIn = (answer: Response): string[] => {
      expectError(answer, 403, 1003);
      return String(answer.body.message).match(/[a-z]+:[a-z]+/g) ?? [];
    };
    const scopedTo = async (...scopes: string[]) => {
      const { clientId, secret } = await app.client('admin');
      const { body } = await app.http.post('/api/v1/auth/token').send({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
        scope: scopes.join(' '),
      });
      return { clientId, token: String(body.access_token), key: (await apiKeyOf(app, clientId, { scopes })).key };
    };
    const rest = (...held: string[]) => PERMISSIONS.filter((permission) => !held.includes(permission));

    it('are none that may do more, whatever the change', async () => {
      const { clientId: self, token, key } = await scopedTo('client:manage');
      const full = await app.client('admin');
      const viewer = await app.client('viewer');
      const [keyOfFull, keyOfViewer] = [await apiKeyOf(app, full.clientId), await apiKeyOf(app, viewer.clientId)];
      for (const manager of [apiOf(app, token), keyApiOf(app, key)]) {
        for (const { clientId } of [full, { clientId: self }]) {
          const path = `/auth/clients/${clientId}`;
          for (const answer of [
            await manager.post(`${path}/rotate-secret`, {}),
            await manager.post(`${path}/rotate-secret`, { overlap: 60 }),
            await manager.patch(path, { role: 'viewer' }),
            await manager.patch(path, { spaces: ['somewhere'] }),
            await manager.patch(path, { disabled: true }),
            await manager.delete(path),
            await manager.post(`${path}/api-keys`, { name: 'x' }),
          ]) {
            expect(lackingIn(answer)).toEqual(rest('client:manage'));
          }
        }
        for (const role of ['admin', 'operator', 'publisher', 'agent', 'viewer'] as const) {
          const lacking = lackingIn(await manager.post('/auth/clients', { name: 'x', role }));
          expect(lacking).toEqual(listPermissions(role).filter((permission) => permission !== 'client:manage'));
        }
        const keys = `/auth/clients/${full.clientId}/api-keys`;
        for (const answer of [
          await manager.patch(`/auth/clients/${viewer.clientId}`, { role: 'admin' }),
          await manager.post(keys, { name: 'x', scopes: ['client:manage', 'audit:read'] }),
          await manager.patch(`${keys}/${keyOfFull.id}`, { disabled: true }),
          await manager.post(`${keys}/${keyOfFull.id}/rotate`, {}),
          await manager.delete(`${keys}/${keyOfFull.id}`),
          await manager.post(`/auth/clients/${viewer.clientId}/rotate-secret`, {}),
          await manager.delete(`/auth/clients/${viewer.clientId}/api-keys/${keyOfViewer.id}`),
          await manager.patch('/auth/clients/oidc:anybody', { disabled: false }),
        ]) {
          expect(lackingIn(answer).length).toBeGreaterThan(0);
        }
        await manager.get(`/auth/clients/${full.clientId}`).expect(200);
      }
      for (const { key: untouched } of [keyOfFull, keyOfViewer])
        await keyApiOf(app, untouched).get('/auth/me').expect(200);
      expect(await grant(full.clientId, full.secret)).toBe(200);
    });

    it('are clients that may do the same, or less', async () => {
      const held = ['client:manage', 'skill:read', 'command:execute', 'channel:create'];
      const { clientId: self, token } = await scopedTo(...held);
      const manager = apiOf(app, token);
      const { body } = await manager.post('/auth/clients', { name: 'x', role: 'agent' }).expect(201);
      const path = `/auth/clients/${body.client_id as string}`;
      await manager.post(`${path}/rotate-secret`, {}).expect(200);
      await manager.patch(path, { role: 'viewer', disabled: true }).expect(200);
      await manager.patch(path, { disabled: false }).expect(200);
      const made = await manager.post(`${path}/api-keys`, { name: 'x' }).expect(201);
      const rotated = await manager.post(`${path}/api-keys/${made.body.key_id as string}/rotate`, {}).expect(201);
      await manager.delete(`${path}/api-keys/${rotated.body.key_id as string}`).expect(204);
      await manager.delete(path).expect(204);
      // A key of a client that may do more, within what the credential may.
      await manager.post(`/auth/clients/${self}/api-keys`, { name: 'x', scopes: ['command:execute'] }).expect(201);
      expect(lackingIn(await manager.post(`/auth/clients/${self}/api-keys`, { name: 'x' }))).toEqual(rest(...held));
    });
  });

  it('of the settings is changed by nobody but the settings', async () => {
    const second = await app.client('admin');
    const other = apiOf(app, second.token);
    const own = await apiKeyOf(app, 'admin');
    for (const [who, path] of [
      [other, '/auth/clients/admin'],
      [api, '/auth/clients/admin'],
    ] as const) {
      for (const answer of [
        await who.post(`${path}/rotate-secret`, {}),
        await who.post(`${path}/rotate-secret`, { overlap: 60 }),
        await who.patch(path, { spaces: ['somewhere'] }),
        await who.patch(path, { role: 'viewer' }),
        await who.patch(path, { disabled: true }),
        await who.delete(path),
      ]) {
        expectError(answer, 409, 1006);
      }
    }
    expectError(await other.patch('/auth/clients/admin', { name: 'Mine' }), 409, 1006);
    for (const answer of [
      await other.post('/auth/clients/admin/api-keys', { name: 'x' }),
      await other.patch(`/auth/clients/admin/api-keys/${own.id}`, { disabled: true }),
      await other.post(`/auth/clients/admin/api-keys/${own.id}/rotate`, {}),
      await other.delete(`/auth/clients/admin/api-keys/${own.id}`),
    ]) {
      expectError(answer, 403, 1003);
    }
    await keyApiOf(app, own.key).get('/auth/me').expect(200);
    expect(await grant('admin', ADMIN_SECRET)).toBe(200);
    await api.delete(`/auth/clients/admin/api-keys/${own.id}`).expect(204);
  });

  it.each([
    'anonymous',
    'import',
    'Import',
    'SYSTEM',
    'scheduler',
    'sweeper',
    'prober',
    'retention',
    'channel-expiry',
    'oidc',
  ])('are not called %s, as the service calls itself in the audit log', async (client_id) => {
    expect(expectError(await api.post('/auth/clients', { client_id, name: 'x', role: 'viewer' }), 400, 1001)).toEqual([
      'client_id is a name that this service uses itself',
    ]);
  });
});
