import { skillBody } from '../support/skill.factory.js';
import { SkillServer } from '../support/skill-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiKeyOf, apiOf, expectError, keyApiOf } from './api.js';
import { commandId } from './calls.js';

interface Skill {
  skill_id: string;
  version: string;
  capabilities: { capability_id: string }[];
}

describe('calls of a client that is limited to Spaces', () => {
  let app: TestApp;
  let admin: Api;
  let inside: SkillServer;
  let outside: SkillServer;
  beforeAll(async () => {
    app = await startTestApp();
    admin = apiOf(app);
    [inside, outside] = [await SkillServer.start(), await SkillServer.start()];
  });
  afterAll(async () => {
    await app.close();
    await Promise.all([inside.stop(), outside.stop()]);
  });

  let number = 0;
  const space = () => `space-${(number += 1)}`;
  const create = async (api: Api, body: object): Promise<Skill> =>
    (await api.post('/skills', { ...skillBody(), ...body }).expect(201)).body as Skill;
  const limited = async (role: 'operator', ...spaces: string[]) =>
    apiOf(app, (await app.client(role, ...spaces)).token);

  const command = (wanted: object) => ({ command_id: commandId(), parameters: {}, ...wanted });
  const capabilitiesOf = (...names: string[]) => ({
    capabilities: names.map((name) => ({ name, version: '1.0.0' })),
  });

  it('reach no Skill outside, by id, name, capability or channel, alone or in a batch', async () => {
    const [mine, theirs] = [space(), space()];
    const { name } = skillBody();
    const [shared, secret] = [`shared-${mine}`, `only-there-${theirs}`];
    const on = (server: SkillServer) => ({ endpoints: [{ url: server.url }] });
    const visible = await create(admin, { ...on(inside), ...capabilitiesOf(shared), name, space_id: mine });
    const hidden = [];
    for (const [version, space_id] of [
      ['2.0.0', theirs],
      ['3.0.0', undefined],
    ]) {
      const body = { ...on(outside), ...capabilitiesOf(shared, secret), name, version };
      hidden.push(await create(admin, { ...body, ...(space_id !== undefined && { space_id }) }));
    }
    const { clientId, token } = await app.client('agent', mine);
    const client = await apiKeyOf(app, clientId);
    for (const agent of [apiOf(app, token), keyApiOf(app, client.key)]) {
      const refused: [object, number][] = hidden.flatMap(({ skill_id, version, capabilities }) => [
        [{ skill_id, capability: shared }, 1004],
        [{ skill_id, capability_id: capabilities[0]?.capability_id }, 1004],
        // The one that it may call does not lend its id to the capability of another.
        [{ skill_id: visible.skill_id, capability_id: capabilities[0]?.capability_id }, 1005],
        [{ skill: `${name}@${version}`, capability: shared }, 1004],
        [{ skill: name, capability: secret }, 1005],
        [{ skill: name, capability_id: capabilities[0]?.capability_id }, 1005],
        [{ capability: secret }, 1005],
      ]);
      for (const [wanted, code] of refused) {
        expectError(await agent.post('/commands/execute', command(wanted)), 404, code);
      }
      const commands = refused.map(([wanted]) => command(wanted));
      const { results } = (await agent.post('/commands/batch', { commands }).expect(200)).body.data;
      expect((results as { code: number }[]).map(({ code }) => code)).toEqual(refused.map(([, code]) => code));
      // Highest version or not: what is out of sight does not count.
      for (const wanted of [
        { skill_id: visible.skill_id, capability: shared },
        { skill: name, capability: shared },
        { skill: `${name}@>=1`, capability: shared },
        { capability: shared },
      ]) {
        const { data } = (await agent.post('/commands/execute', command(wanted)).expect(200)).body;
        expect(data.skill_id).toBe(visible.skill_id);
      }
    }
    expect([inside.calls.length, outside.calls.length]).toEqual([8, 0]);
  });

  it('are served by the Space, whatever number of higher versions of the name are elsewhere, or cannot serve', async () => {
    const [mine, theirs] = [space(), space()];
    const { name } = skillBody();
    const forecast = capabilitiesOf('forecast');
    const found = await create(admin, { endpoints: [{ url: inside.url }], ...forecast, name, space_id: mine });
    const others = Array.from({ length: 205 }, (_, patch) => ({
      name,
      version: `9.0.${patch}`,
      endpoints: [{ url: outside.url }],
    }));
    const elsewhere = others.map((other) => ({ ...other, ...forecast, space_id: theirs }));
    await admin.post('/skills/batch', { skills: elsewhere }).expect(200);
    const agent = apiOf(app, (await app.client('agent', mine)).token);
    const calls = outside.calls.length;
    const wanted = [name, `${name}@*`, `${name}@1.0.0`, `${name}@^1 || ^2`, `${name}@<9`];
    for (const skill of wanted) {
      const { body } = await agent.post('/commands/execute', command({ skill, capability: 'forecast' })).expect(200);
      expect([skill, body.data.skill_id]).toEqual([skill, found.skill_id]);
    }
    expectError(
      await agent.post('/commands/execute', command({ skill: `${name}@9`, capability: 'forecast' })),
      404,
      1004,
    );
    // Who sees all calls the highest; a range finds the version below 200 others, and so does a capability that these lack.
    const pinned = await admin
      .post('/commands/execute', command({ skill: `${name}@1`, capability: 'forecast' }))
      .expect(200);
    expect(pinned.body.data.skill_id).toBe(found.skill_id);
    expect(outside.calls).toHaveLength(calls);
    await admin.post('/skills/batch', {
      skills: others.map((other) => ({ ...other, version: other.version.replace('9', '10') })),
    });
    const { body } = await admin
      .post('/commands/execute', command({ skill: `${name}@<9||10`, capability: 'forecast' }))
      .expect(200);
    expect(body.data.skill_id).toBe(found.skill_id);
  });

  it('through channels end with the access to the Skill, and are nobody else’s', async () => {
    const mine = space();
    const skill = await create(admin, {
      endpoints: [{ url: inside.url }],
      ...capabilitiesOf('talk'),
      space_id: mine,
    });
    const agents = [];
    for (let count = 0; count < 2; count += 1) agents.push(apiOf(app, (await app.client('agent', mine)).token));
    const [agent, neighbour] = agents as [Api, Api];
    const opened = await agent
      .post('/channels/create', { skill_id: skill.skill_id, capability_id: 'talk' })
      .expect(200);
    const { channel_id } = opened.body.data as { channel_id: string };
    const talk = (api: Api) => api.post('/commands/execute', command({ channel_id }));
    const made = (await talk(agent).expect(200)).body.data as { execution_id: string };
    const path = `/commands/executions/${made.execution_id}`;
    expectError(await talk(neighbour), 404, 1010);
    const commands = [command({ channel_id })];
    const batch = await neighbour.post('/commands/batch', { commands }).expect(200);
    expect(batch.body.data.results).toMatchObject([{ code: 1010 }]);
    expectError(await neighbour.get(path), 404, 1010);
    expectError(await neighbour.post(`${path}/cancel`), 404, 1010);
    await agent.get(path).expect(200);
    const calls = inside.calls.length;
    await admin.patch(`/skills/${skill.skill_id}`, { space_id: space() }).expect(200);
    expectError(await talk(agent), 404, 1010);
    expect(inside.calls).toHaveLength(calls);
  });

  it('are seen by managers of Skills within their Spaces only', async () => {
    const [mine, theirs] = [space(), space()];
    const skill = await create(admin, { endpoints: [{ url: inside.url }], ...capabilitiesOf('x'), space_id: theirs });
    const made = await admin
      .post('/commands/execute', command({ skill_id: skill.skill_id, capability: 'x' }))
      .expect(200);
    const path = `/commands/executions/${made.body.data.execution_id as string}`;
    const seen = async (api: Api) =>
      (await api.get(`/commands/executions?skill_id=${skill.skill_id}`).expect(200)).body.data.total as number;
    const [there, here] = [await limited('operator', theirs), await limited('operator', mine)];
    await there.get(path).expect(200);
    expectError(await here.get(path), 404, 1010);
    expectError(await here.post(`${path}/cancel`), 404, 1010);
    expect([await seen(there), await seen(here)]).toEqual([1, 0]);
  });
});
