import type { Response } from 'supertest';
import { skillBody } from '../support/skill.factory.js';
import { SkillServer } from '../support/skill-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf } from './api.js';
import { commandId } from './calls.js';
import { routesOf } from './routes.js';

interface Target {
  id: string;
  capability: string;
  name: string;
  version: string;
  url: string;
}

const item = (answer: Response): { status?: string; code?: number } =>
  answer.body.data?.results?.[0] as { status?: string; code?: number };

/** Every way to write to a Skill by its id, its name or a part of it; `own` is what its owner is answered. */
const WAYS: {
  route: string;
  call: (api: Api, target: Target) => Promise<Response>;
  own: number;
  foreign: [number, number];
}[] = [
  {
    route: 'POST /api/v1/skills',
    call: (api, { name, version }) => api.post('/skills', skillBody({ name, version })).then(),
    own: 409,
    foreign: [409, 1006],
  },
  {
    route: 'POST /api/v1/skills/register',
    call: (api, { name, version }) => api.post('/skills/register', skillBody({ name, version })).then(),
    own: 200,
    foreign: [409, 1006],
  },
  {
    route: 'POST /api/v1/skills/register',
    call: (api, { id, name, version }) =>
      api.post('/skills/register', skillBody({ skill_id: id, name, version })).then(),
    own: 200,
    foreign: [409, 1006],
  },
  {
    route: 'POST /api/v1/skills/register',
    call: (api, { id }) => api.post('/skills/register', skillBody({ skill_id: id })).then(),
    own: 409,
    foreign: [409, 1006],
  },
  {
    route: 'POST /api/v1/skills/batch',
    call: (api, { name, version }) => api.post('/skills/batch', { skills: [skillBody({ name, version })] }).then(),
    own: 200,
    foreign: [200, 1006],
  },
  {
    route: 'POST /api/v1/skills/batch',
    call: (api, { id }) => api.post('/skills/batch', { skills: [skillBody({ skill_id: id })] }).then(),
    own: 200,
    foreign: [200, 1006],
  },
  {
    route: 'PUT /api/v1/skills/:skill_id',
    call: (api, { id }) => api.put(`/skills/${id}`, skillBody()).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'PATCH /api/v1/skills/:skill_id',
    call: (api, { id }) => api.patch(`/skills/${id}`, { description: 'mine now' }).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'DELETE /api/v1/skills/:skill_id',
    call: (api, { id }) => api.delete(`/skills/${id}`).then(),
    own: 204,
    foreign: [403, 1003],
  },
  {
    route: 'POST /api/v1/skills/:skill_id/check',
    call: (api, { id }) => api.post(`/skills/${id}/check`).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'PUT /api/v1/skills/:skill_id/status',
    call: (api, { id }) => api.put(`/skills/${id}/status`, { status: 'maintenance' }).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'PUT /api/v1/capabilities/:capability_id/status',
    call: (api, { capability }) => api.put(`/capabilities/${capability}/status`, { status: 'disabled' }).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'POST /api/v1/skills/:skill_id/unregister',
    call: (api, { id }) => api.post(`/skills/${id}/unregister`).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'POST /api/v1/skills/:skill_id/drain',
    call: (api, { id }) => api.post(`/skills/${id}/drain`).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'POST /api/v1/skills/:skill_id/heartbeat',
    call: (api, { id }) => api.post(`/skills/${id}/heartbeat`, { health: 'unhealthy' }).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'POST /api/v1/skills/:skill_id/heartbeat',
    call: (api, { id, url }) =>
      api.post(`/skills/${id}/heartbeat`, { endpoint_url: url, health: 'unhealthy', uptime: 7 }).then(),
    own: 200,
    foreign: [403, 1003],
  },
  {
    route: 'POST /api/v1/heartbeats',
    call: (api, { id }) => api.post('/heartbeats', { heartbeats: [{ skill_id: id, health: 'unhealthy' }] }).then(),
    own: 200,
    foreign: [200, 1003],
  },
];

/** What may be read of anybody's Skill. */
const READS = ['GET /api/v1/skills/:skill_id', 'GET /api/v1/skills/:skill_id/status'];

describe('the Skill of another publisher', () => {
  let app: TestApp;
  let owner: Api;
  let others: Api[];
  beforeAll(async () => {
    app = await startTestApp();
    owner = apiOf(app, (await app.client('publisher')).token);
    const other = await app.client('publisher');
    others = [apiOf(app, other.token), keyApiOf(app, (await apiKeyOf(app, other.clientId)).key)];
  });
  afterAll(() => app.close());

  const target = async (): Promise<Target> => {
    const body = skillBody();
    const { data } = (await owner.post('/skills/register', body).expect(200)).body;
    const skill = (await owner.get(`/skills/${data.skill_id as string}`)).body;
    return {
      id: skill.skill_id,
      capability: skill.capabilities[0].capability_id,
      name: body.name,
      version: body.version,
      url: skill.endpoints[0].url,
    };
  };
  const stateOf = async ({ id }: Target) => {
    const [skill] = await app.database.query(
      `SELECT s.*, (SELECT json_agg(e ORDER BY id) FROM skill_endpoints e WHERE skill_id = s.id) AS endpoints,
         (SELECT json_agg(c ORDER BY id) FROM capabilities c WHERE skill_id = s.id) AS capabilities,
         (SELECT json_agg(m ORDER BY id) FROM skill_metadata m WHERE skill_id = s.id) AS metadata,
         (SELECT json_agg(t) FROM skill_status t WHERE skill_id = s.id) AS status_row
       FROM skills s WHERE id = $1`,
      [id],
    );
    return skill;
  };

  it.each(WAYS)('is not reached by $route', async ({ call, own, foreign: [status, code] }) => {
    const theirs = await target();
    const before = await stateOf(theirs);
    for (const other of others) {
      const answer = await call(other, theirs);
      expect([answer.status, answer.status === 200 ? item(answer).code : answer.body.code]).toEqual([status, code]);
    }
    expect(await stateOf(theirs)).toEqual(before);
    expect((await call(owner, theirs)).status).toBe(own);
  });

  it('is tried by every route that takes an id of a Skill or of a part of it', () => {
    const taken = routesOf(app.app).filter(
      (route) => /:(skill|capability)_id/.test(route) && !route.startsWith('HEAD'),
    );
    expect([...new Set([...READS, ...WAYS.map(({ route }) => route)])]).toEqual(expect.arrayContaining(taken));
  });

  it('is explained to everybody who sees it', async () => {
    const theirs = await target();
    await owner.put(`/skills/${theirs.id}/status`, { status: 'inactive' }).expect(200);
    const explained = async (api: Api) =>
      ((await api.get(`/skills/discover?explain=true&name=${theirs.name}`).expect(200)).body.data.explain as object[])
        .length;
    expect(await explained(owner)).toBe(1);
    for (const other of others) expect(await explained(other)).toBe(1);
  });

  it('does not answer to an owner that is only claimed', async () => {
    const theirs = await target();
    for (const other of others) {
      expectError(await other.put(`/skills/${theirs.id}`, { ...skillBody(), owner: 'me' }), 400, 1001);
      expectError(await other.patch(`/skills/${theirs.id}`, { owner: 'me' }), 403, 1003);
    }
    expectError(await owner.patch(`/skills/${theirs.id}`, { owner: 'somebody' }), 400, 1001);
  });
});

describe('an API key with fewer scopes than its client', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('may less even on what its client owns', async () => {
    const { clientId, token } = await app.client('publisher');
    const owner = apiOf(app, token);
    const { body } = await owner.post('/skills', skillBody()).expect(201);
    const [id, capability] = [body.skill_id as string, body.capabilities[0].capability_id as string];
    const target = { id, capability, name: 'x', version: '1.0.0', url: body.endpoints[0].url as string };
    const reader = keyApiOf(app, (await apiKeyOf(app, clientId, { scopes: ['skill:read'] })).key);
    for (const { call } of WAYS) expectError(await call(reader, target), 403, 1003);
    await reader.get('/skills/discover?explain=true').expect(200);
    await reader.get(`/skills/${id}`).expect(200);
    const registrar = keyApiOf(app, (await apiKeyOf(app, clientId, { scopes: ['skill:register'] })).key);
    expectError(await registrar.get(`/skills/${id}`), 403, 1003);
    expectError(await registrar.delete(`/skills/${id}`), 403, 1003);
    await registrar.post(`/skills/${id}/heartbeat`).expect(200);
    expect((await owner.get(`/skills/${id}`)).body.revision).toBe(body.revision);
  });

  it('may not call Skills, nor what its client has called and opened', async () => {
    const skill = await SkillServer.start();
    const { skill_id } = (
      await apiOf(app)
        .post('/skills', skillBody({ endpoints: [{ url: skill.url }] }))
        .expect(201)
    ).body;
    const { clientId, token } = await app.client('agent');
    const agent = apiOf(app, token);
    const channel = { skill_id: skill_id as string, capability_id: 'forecast' };
    const { channel_id } = (await agent.post('/channels/create', channel).expect(200)).body.data;
    const command = () => ({ command_id: commandId(), ...channel, parameters: { city: 'Rome' } });
    const { execution_id } = (await agent.post('/commands/execute', command()).expect(200)).body.data;
    const calls = (api: Api) => [
      api.post('/commands/execute', command()),
      api.post('/commands/execute', { command_id: commandId(), channel_id, parameters: { city: 'Rome' } }),
      api.post('/commands/batch', { commands: [command()] }),
      api.get('/commands/executions'),
      api.get(`/commands/executions/${execution_id}`),
      api.post(`/commands/executions/${execution_id}/cancel`),
    ];
    const channels = (api: Api) => [
      api.post('/channels/create', channel),
      api.get('/channels'),
      api.get(`/channels/${channel_id}`),
      api.get(`/channels/${channel_id}/context`),
      api.put(`/channels/${channel_id}/context`, { a: 'b' }),
      api.post(`/channels/${channel_id}/close`),
    ];
    const keyOf = async (scope: string) => keyApiOf(app, (await apiKeyOf(app, clientId, { scopes: [scope] })).key);
    const [reader, caller, opener] = [
      await keyOf('skill:read'),
      await keyOf('command:execute'),
      await keyOf('channel:create'),
    ];
    for (const refused of [...calls(reader), ...channels(reader), ...channels(caller), ...calls(opener)]) {
      expectError(await refused, 403, 1003);
    }
    expect(skill.calls).toHaveLength(1);
    for (const granted of [...calls(caller), ...channels(opener)]) expect((await granted).status).toBe(200);
    await skill.stop();
  });
});
