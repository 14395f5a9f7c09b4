import { type Role, ROLES } from '#auth';
import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf, NOBODY } from './api.js';
import { PUBLIC } from './access.routes.js';
import { routesOf } from './routes.js';

/** What a call is made on: the Skill and the channel of somebody else, and a client that has a key. */
interface Subject {
  skill: string;
  capability: string;
  channel: string;
  client: string;
  key: string;
}

interface Call {
  route: string;
  /** Of protocol.md section 9, on what belongs to somebody else. */
  roles: readonly Role[];
  /** Those who may do it, to what is theirs: this is as if it were not there. */
  blind?: readonly Role[];
  call: (api: Api, subject: Subject) => Promise<Response>;
}

const EVERYBODY = ROLES;
const READERS = ['admin', 'operator', 'publisher', 'agent', 'viewer'] as const;
const REGISTRARS = ['admin', 'publisher'] as const;
/** A publisher manages and unregisters its own Skills only; so it beats. */
const MANAGERS = ['admin', 'operator'] as const;
const ADMINS = ['admin'] as const;
const AGENTS = ['agent'] as const;

const CALLS: Call[] = [
  { route: 'GET /skills', roles: READERS, call: (api) => api.get('/skills').then() },
  { route: 'GET /skills/:skill_id', roles: READERS, call: (api, { skill }) => api.get(`/skills/${skill}`).then() },
  { route: 'GET /skills/discover', roles: READERS, call: (api) => api.get('/skills/discover').then() },
  {
    route: 'GET /skills/discover',
    roles: ['admin', 'operator', 'publisher'],
    call: (api) => api.get('/skills/discover?explain=true').then(),
  },
  {
    route: 'GET /skills/:skill_id/status',
    roles: READERS,
    call: (api, { skill }) => api.get(`/skills/${skill}/status`).then(),
  },
  { route: 'GET /capabilities', roles: READERS, call: (api) => api.get('/capabilities').then() },
  { route: 'POST /skills', roles: REGISTRARS, call: (api) => api.post('/skills', skillBody()).then() },
  {
    route: 'POST /skills/register',
    roles: REGISTRARS,
    call: (api) => api.post('/skills/register', skillBody()).then(),
  },
  {
    route: 'POST /skills/batch',
    roles: REGISTRARS,
    call: (api) => api.post('/skills/batch', { skills: [skillBody()] }).then(),
  },
  {
    route: 'POST /heartbeats',
    roles: REGISTRARS,
    call: (api, { skill }) => api.post('/heartbeats', { heartbeats: [{ skill_id: skill }] }).then(),
  },
  {
    route: 'POST /skills/:skill_id/heartbeat',
    roles: ADMINS,
    call: (api, { skill }) => api.post(`/skills/${skill}/heartbeat`).then(),
  },
  {
    route: 'PUT /skills/:skill_id',
    roles: MANAGERS,
    call: (api, { skill }) => api.put(`/skills/${skill}`, skillBody()).then(),
  },
  {
    route: 'PATCH /skills/:skill_id',
    roles: MANAGERS,
    call: (api, { skill }) => api.patch(`/skills/${skill}`, { description: 'x' }).then(),
  },
  {
    route: 'PUT /skills/:skill_id/status',
    roles: MANAGERS,
    call: (api, { skill }) => api.put(`/skills/${skill}/status`, { status: 'active' }).then(),
  },
  {
    route: 'PUT /capabilities/:capability_id/status',
    roles: MANAGERS,
    call: (api, { capability }) => api.put(`/capabilities/${capability}/status`, { status: 'enabled' }).then(),
  },
  {
    route: 'DELETE /skills/:skill_id',
    roles: MANAGERS,
    call: (api, { skill }) => api.delete(`/skills/${skill}`).then(),
  },
  {
    route: 'POST /skills/:skill_id/unregister',
    roles: MANAGERS,
    call: (api, { skill }) => api.post(`/skills/${skill}/unregister`).then(),
  },
  {
    route: 'POST /channels/create',
    roles: ['admin', 'agent'],
    call: (api, { skill, capability }) =>
      api.post('/channels/create', { skill_id: skill, capability_id: capability }).then(),
  },
  { route: 'GET /channels', roles: ['admin', 'agent'], call: (api) => api.get('/channels').then() },
  {
    route: 'GET /channels/:channel_id',
    roles: ADMINS,
    blind: AGENTS,
    call: (api, { channel }) => api.get(`/channels/${channel}`).then(),
  },
  {
    route: 'POST /channels/:channel_id/close',
    roles: ADMINS,
    blind: AGENTS,
    call: (api, { channel }) => api.post(`/channels/${channel}/close`).then(),
  },
  {
    route: 'GET /channels/:channel_id/context',
    roles: ADMINS,
    blind: AGENTS,
    call: (api, { channel }) => api.get(`/channels/${channel}/context`).then(),
  },
  {
    route: 'PUT /channels/:channel_id/context',
    roles: ADMINS,
    blind: AGENTS,
    call: (api, { channel }) => api.put(`/channels/${channel}/context`, { city: 'Berlin' }).then(),
  },
  { route: 'GET /auth/me', roles: EVERYBODY, call: (api) => api.get('/auth/me').then() },
  { route: 'GET /audit', roles: ['admin', 'operator'], call: (api) => api.get('/audit').then() },
  { route: 'GET /auth/clients', roles: ADMINS, call: (api) => api.get('/auth/clients').then() },
  {
    route: 'POST /auth/clients',
    roles: ADMINS,
    call: (api) => api.post('/auth/clients', { name: 'c', role: 'admin' }).then(),
  },
  {
    route: 'GET /auth/clients/:client_id',
    roles: ADMINS,
    call: (api, { client }) => api.get(`/auth/clients/${client}`).then(),
  },
  {
    route: 'PATCH /auth/clients/:client_id',
    roles: ADMINS,
    call: (api, { client }) => api.patch(`/auth/clients/${client}`, { role: 'admin' }).then(),
  },
  {
    route: 'DELETE /auth/clients/:client_id',
    roles: ADMINS,
    call: (api, { client }) => api.delete(`/auth/clients/${client}`).then(),
  },
  {
    route: 'POST /auth/clients/:client_id/rotate-secret',
    roles: ADMINS,
    call: (api, { client }) => api.post(`/auth/clients/${client}/rotate-secret`).then(),
  },
  {
    route: 'POST /auth/clients/:client_id/api-keys',
    roles: ADMINS,
    call: (api, { client }) => api.post(`/auth/clients/${client}/api-keys`, { name: 'k' }).then(),
  },
  {
    route: 'GET /auth/clients/:client_id/api-keys',
    roles: ADMINS,
    call: (api, { client }) => api.get(`/auth/clients/${client}/api-keys`).then(),
  },
  {
    route: 'GET /auth/clients/:client_id/api-keys/:key_id',
    roles: ADMINS,
    call: (api, { client, key }) => api.get(`/auth/clients/${client}/api-keys/${key}`).then(),
  },
  {
    route: 'DELETE /auth/clients/:client_id/api-keys/:key_id',
    roles: ADMINS,
    call: (api, { client, key }) => api.delete(`/auth/clients/${client}/api-keys/${key}`).then(),
  },
];

describe('roles and ownership', () => {
  let app: TestApp;
  let owner: Api;
  let agent: Api;
  let callers: { role: Role; by: string; api: Api }[];
  let apis: Record<Role, Api>;
  beforeAll(async () => {
    app = await startTestApp();
    owner = apiOf(app, (await app.client('publisher')).token);
    agent = apiOf(app, (await app.client('agent')).token);
    const pairs = await Promise.all(
      ROLES.map(async (role) => {
        const { clientId, token } = await app.client(role);
        const { key } = await apiKeyOf(app, clientId);
        return { role, token: apiOf(app, token), key: keyApiOf(app, key) };
      }),
    );
    callers = pairs.flatMap(({ role, token, key }) => [
      { role, by: 'token', api: token },
      { role, by: 'API key', api: key },
    ]);
    apis = Object.fromEntries(pairs.map(({ role, token }) => [role, token])) as Record<Role, Api>;
  });
  afterAll(() => app.close());

  const owned = async () => {
    const { body } = await owner.post('/skills', skillBody()).expect(201);
    return { skill: body, id: body.skill_id as string, capability: body.capabilities[0].capability_id as string };
  };
  const subject = async (): Promise<{ subject: Subject; state: () => Promise<unknown> }> => {
    const { id, capability } = await owned();
    const created = await apiOf(app).post('/auth/clients', { name: 'c', role: 'viewer' }).expect(201);
    const clientId = created.body.client_id as string;
    const { id: key } = await apiKeyOf(app, clientId);
    const opened = await agent.post('/channels/create', { skill_id: id, capability_id: capability }).expect(200);
    const channel = opened.body.data.channel_id as string;
    const state = async (): Promise<unknown> => [
      (await owner.get(`/skills/${id}`)).body,
      await app.database.query('SELECT * FROM clients WHERE client_id = $1', [clientId]),
      await app.database.query(
        'SELECT k.* FROM api_keys k JOIN clients c ON c.id = k.client_uuid AND c.client_id = $1',
        [clientId],
      ),
      (await agent.get(`/channels/${channel}`)).body,
      (await agent.get(`/channels/${channel}/context`)).body,
    ];
    return { subject: { skill: id, capability, channel, client: clientId, key }, state };
  };

  it('are asked of every guarded route there is', () => {
    const guarded = routesOf(app.app)
      .filter((route) => route.includes(' /api/v1/') && !route.startsWith('HEAD ') && !PUBLIC.includes(route))
      .map((route) => route.replace('/api/v1', ''));
    expect([...new Set(CALLS.map(({ route }) => route))].sort()).toEqual(guarded.sort());
  });

  it.each(CALLS)(
    '$route: for the roles of the table, and no other, by token and by API key',
    async ({ route, roles, blind = [], call }) => {
      let { subject: target, state } = await subject();
      for (const { role, by, api } of callers) {
        const before = await state();
        const answer = await call(api, target);
        if (roles.includes(role)) {
          expect([role, by, answer.status < 300, answer.status]).toEqual([role, by, true, answer.status]);
          if (!route.startsWith('GET')) ({ subject: target, state } = await subject());
        } else {
          const [status, code] = blind.includes(role) ? [404, 1010] : [403, 1003];
          expect([role, by, answer.status]).toEqual([role, by, status]);
          expectError(answer, status, code);
          expect(await state()).toEqual(before);
        }
      }
    },
  );

  it('lets a publisher change what it owns by every route', async () => {
    for (const { route, call, roles } of CALLS) {
      if (roles.includes('publisher') || /auth|audit|channels/.test(route)) continue;
      const { id, capability } = await owned();
      const { status } = await call(owner, { skill: id, capability, channel: NOBODY, client: NOBODY, key: NOBODY });
      expect([route, status < 300]).toEqual([route, true]);
    }
  });

  it('does not let a publisher take over a Skill by registering it', async () => {
    const { id, skill } = await owned();
    const other = apis.publisher;
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
    const other = apis.publisher;
    expectError(await other.delete(`/skills/${id}`).set('if-match', '"0.0"'), 403, 1003);
    expectError(await other.delete(`/skills/${NOBODY}`), 404, 1004);
  });

  it('keeps the owner of a Skill that an operator changes', async () => {
    const { id, skill } = await owned();
    const { body } = await apis.operator.put(`/skills/${id}`, skillBody()).expect(200);
    expect(body.owner).toBe(skill.owner);
    await owner.patch(`/skills/${id}`, { description: 'mine' }).expect(200);
  });
});
