import { type Role, ROLES } from '#auth';
import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError, NOBODY } from './api.js';

/** Every call on somebody else's Skill, and the roles that may do it (protocol.md section 9). */
const CALLS: {
  name: string;
  roles: Role[];
  call: (api: Api, skill: string, capability: string) => Promise<Response>;
}[] = [
  { name: 'list', roles: [...ROLES], call: (api) => api.get('/skills').then() },
  { name: 'read', roles: [...ROLES], call: (api, id) => api.get(`/skills/${id}`).then() },
  { name: 'discover', roles: [...ROLES], call: (api) => api.get('/skills/discover').then() },
  { name: 'status', roles: [...ROLES], call: (api, id) => api.get(`/skills/${id}/status`).then() },
  { name: 'capabilities', roles: [...ROLES], call: (api) => api.get('/capabilities').then() },
  { name: 'create', roles: ['admin', 'publisher'], call: (api) => api.post('/skills', skillBody()).then() },
  { name: 'register', roles: ['admin', 'publisher'], call: (api) => api.post('/skills/register', skillBody()).then() },
  {
    name: 'batch',
    roles: ['admin', 'publisher'],
    call: (api) => api.post('/skills/batch', { skills: [skillBody()] }).then(),
  },
  { name: 'replace', roles: ['admin', 'operator'], call: (api, id) => api.put(`/skills/${id}`, skillBody()).then() },
  {
    name: 'patch',
    roles: ['admin', 'operator'],
    call: (api, id) => api.patch(`/skills/${id}`, { description: 'x' }).then(),
  },
  {
    name: 'change status',
    roles: ['admin', 'operator'],
    call: (api, id) => api.put(`/skills/${id}/status`, { status: 'active' }).then(),
  },
  {
    name: 'switch',
    roles: ['admin', 'operator'],
    call: (api, _, id) => api.put(`/capabilities/${id}/status`, { status: 'enabled' }).then(),
  },
  { name: 'heartbeat', roles: ['admin'], call: (api, id) => api.post(`/skills/${id}/heartbeat`).then() },
  { name: 'delete', roles: ['admin', 'operator'], call: (api, id) => api.delete(`/skills/${id}`).then() },
  { name: 'unregister', roles: ['admin', 'operator'], call: (api, id) => api.post(`/skills/${id}/unregister`).then() },
  { name: 'list clients', roles: ['admin'], call: (api) => api.get('/auth/clients').then() },
  {
    name: 'create a client',
    roles: ['admin'],
    call: (api) => api.post('/auth/clients', { name: 'c', role: 'admin' }).then(),
  },
];

describe('roles and ownership', () => {
  let app: TestApp;
  let owner: Api;
  let clients: Record<Role, Api>;
  beforeAll(async () => {
    app = await startTestApp();
    owner = apiOf(app, (await app.client('publisher')).token);
    const pairs = await Promise.all(ROLES.map(async (role) => [role, apiOf(app, (await app.client(role)).token)]));
    clients = Object.fromEntries(pairs) as Record<Role, Api>;
  });
  afterAll(() => app.close());

  const owned = async () => {
    const { body } = await owner.post('/skills', skillBody()).expect(201);
    return { skill: body, id: body.skill_id as string, capability: body.capabilities[0].capability_id as string };
  };

  it.each(CALLS)('$name: for the roles of the table, and no other', async ({ roles, call }) => {
    for (const role of ROLES) {
      const api = clients[role];
      const { id, skill, capability } = await owned();
      const answer = await call(api, id, capability);
      if (roles.includes(role)) {
        expect([role, answer.status]).toEqual([role, expect.any(Number)]);
        expect(answer.status).toBeLessThan(300);
      } else {
        expectError(answer, 403, 1003);
        expect((await owner.get(`/skills/${id}`)).body).toEqual(skill);
      }
    }
  });

  it('lets a publisher change what it owns by every route', async () => {
    for (const { name, call, roles } of CALLS) {
      if (roles.includes('publisher') || name.includes('client')) continue;
      const { id, capability } = await owned();
      const { status } = await call(owner, id, capability);
      expect([name, status < 300]).toEqual([name, true]);
    }
  });

  it('does not let a publisher take over a Skill by registering it', async () => {
    const { id, skill } = await owned();
    const other = clients.publisher;
    const { name, version } = skill;
    expectError(await other.post('/skills', skillBody({ name, version })), 409, 1006);
    expectError(await other.post('/skills/register', skillBody({ name, version })), 409, 1006);
    expectError(await other.post('/skills/register', skillBody({ skill_id: id })), 409, 1006);
    expectError(await other.post('/skills/register', skillBody({ name, version, skill_id: id })), 409, 1006);
    const { body } = await other.post('/skills/batch', {
      skills: [skillBody({ name, version }), skillBody({ skill_id: id })],
    });
    expect(body.data.results).toMatchObject([{ code: 1006 }, { code: 1006 }]);
    expect((await owner.get(`/skills/${id}`)).body).toEqual(skill);
  });

  it('refuses by owner before it tells of the ETag, and tells 1004 to all', async () => {
    const { id } = await owned();
    const other = clients.publisher;
    expectError(await other.delete(`/skills/${id}`).set('if-match', '"0.0"'), 403, 1003);
    expectError(await other.delete(`/skills/${NOBODY}`), 404, 1004);
  });

  it('keeps the owner of a Skill that an operator changes', async () => {
    const { id, skill } = await owned();
    const { body } = await clients.operator.put(`/skills/${id}`, skillBody()).expect(200);
    expect(body.owner).toBe(skill.owner);
    await owner.patch(`/skills/${id}`, { description: 'mine' }).expect(200);
  });
});

describe('clients', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  it('are created with a secret that is shown once', async () => {
    const { body } = await api
      .post('/auth/clients', { client_id: 'weather-team', name: '天气 team', role: 'publisher' })
      .expect(201);
    expect(body).toEqual({
      client_id: 'weather-team',
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      name: '天气 team',
      role: 'publisher',
      created_at: expect.any(String),
    });
    const list = await api.get('/auth/clients').expect(200);
    expect(list.body).toContainEqual({
      client_id: 'weather-team',
      name: '天气 team',
      role: 'publisher',
      disabled: false,
      created_at: body.created_at,
    });
    expect(list.text).not.toContain(body.client_secret);
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
    { name: 'a\u0000', role: 'viewer' },
  ])('are refused as %j', async (body) => {
    expectError(await api.post('/auth/clients', body), 400, 1001);
  });

  it('get no token once they are disabled', async () => {
    const { clientId, secret } = await app.client('viewer');
    await app.database.query('UPDATE clients SET disabled = true WHERE client_id = $1', [clientId]);
    const answer = await app.http
      .post('/api/v1/auth/token')
      .send({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret })
      .expect(401);
    expect(answer.body.error).toBe('invalid_client');
  });
});
