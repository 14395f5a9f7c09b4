import { type Role, ROLES } from '#auth';
import { SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf, NOBODY } from './api.js';
import { CALLS, command, type Subject } from './access.calls.js';
import { PUBLIC } from './access.routes.js';
import { routesOf } from './routes.js';

/** Calls that nobody can make a second time, and those whose effects come later. */
const ENDS_SUBJECT = /^DELETE |unregister|close|cancel|callback|drain|check|key_id.rotate/;

describe('roles and ownership', () => {
  let app: TestApp;
  let server: SkillServer;
  let owner: Api;
  let agent: Api;
  let callers: { role: Role; by: string; api: Api }[];
  let apis: Record<Role, Api>;
  beforeAll(async () => {
    app = await startTestApp();
    server = await SkillServer.start();
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
  afterAll(async () => {
    await app.close();
    await server.stop();
  });

  const owned = async () => {
    const { body } = await owner.post('/skills', skillBody({ endpoints: [{ url: server.url }] })).expect(201);
    return { skill: body, id: body.skill_id as string, capability: body.capabilities[0].capability_id as string };
  };
  const subject = async (): Promise<{ subject: Subject; state: () => Promise<unknown> }> => {
    const { id, capability } = await owned();
    const created = await apiOf(app).post('/auth/clients', { name: 'c', role: 'viewer' }).expect(201);
    const clientId = created.body.client_id as string;
    const { id: key } = await apiKeyOf(app, clientId);
    const opened = await agent.post('/channels/create', { skill_id: id, capability_id: capability }).expect(200);
    const channel = opened.body.data.channel_id as string;
    const asked = { ...command({ skill: id, capability }), callback_url: server.url };
    const accepted = await agent.post('/commands/execute', asked).expect(202);
    const execution = accepted.body.data.execution_id as string;
    const executed = () => agent.get(`/commands/executions/${execution}`);
    await until(async () => (await executed()).body.data.callback.status === 'delivered');
    const state = async (): Promise<unknown> => [
      (await agent.get(`/commands/executions/${execution}`)).body,
      (await owner.get(`/skills/${id}`)).body,
      await app.database.query('SELECT * FROM clients WHERE client_id = $1', [clientId]),
      await app.database.query(
        'SELECT k.* FROM api_keys k JOIN clients c ON c.id = k.client_uuid AND c.client_id = $1',
        [clientId],
      ),
      (await agent.get(`/channels/${channel}`)).body,
      (await agent.get(`/channels/${channel}/context`)).body,
    ];
    return { subject: { skill: id, capability, channel, client: clientId, key, execution }, state };
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
      // Nothing changes it but calls that are allowed.
      let before: unknown;
      for (const { role, by, api } of callers) {
        before ??= await state();
        const answer = await call(api, target);
        if (roles.includes(role)) {
          expect([role, by, answer.status < 300, answer.status]).toEqual([role, by, true, answer.status]);
          before = undefined;
          if (ENDS_SUBJECT.test(route)) ({ subject: target, state } = await subject());
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
      if (roles.includes('publisher') || /auth|audit|channels|commands|transfer|DELETE .names/.test(route)) continue;
      const { id, capability } = await owned();
      const { status } = await call(owner, {
        skill: id,
        capability,
        channel: NOBODY,
        client: NOBODY,
        key: NOBODY,
        execution: NOBODY,
      });
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
