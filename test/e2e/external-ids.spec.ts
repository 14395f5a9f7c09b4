import { randomUUID } from 'node:crypto';
import { BEHAVIOURS } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { type Api, apiOf, expectError, NOBODY, UUID } from './api.js';
import { CallSite, commandId } from './calls.js';

type Capability = NonNullable<ReturnType<typeof skillBody>['capabilities']>[number];

const IDS = {
  'the published one': 'temperature_converter_001',
  'an address': 'https://acme.example/skills?id=1&x=%2F#part',
  'words with blanks': ' the weather  ',
  Chinese: '天气预报',
  emojis: '🌦'.repeat(64),
  'a decomposed letter': 'cafe\u0301',
  'the name of a route': 'register',
  'another of a route': 'heartbeat',
  'something like a query': "'; DROP TABLE skills; --",
  'a name of JavaScript': '__proto__',
  'nearly a UUID': '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e1',
  'a UUID without dashes': '0199d3f06a1c7cc08f5e3b1a4c2d9e10',
  'one character': '%',
};

describe('ids that owners choose', () => {
  let site: CallSite;
  let admin: Api;
  let number = 0;
  const newId = (): string => `skill/${process.pid}-${(number += 1)}`;
  const register = async (body: object, api = admin) =>
    (await api.post('/skills/register', skillBody(body)).expect(200)).body.data as { skill_id: string; id: string };
  const path = (id: string) => `/skills/${encodeURIComponent(id)}`;

  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_TARGET_MAX_AGE: '0' });
    admin = site.admin;
  }, 300_000);
  afterAll(async () => {
    await site.stopSkills();
    await site.app.close();
  });

  it.each(Object.entries(IDS))('may be %s, and are taken by every call beside the UUID', async (kind, chosen) => {
    const skill_id = chosen.normalize();
    const skill = await site.serveOne();
    const capability_id = `can ${skill_id}`.slice(0, 20);
    const endpoints = [{ url: skill.url }];
    const { id, ...registered } = await register({
      skill_id: chosen,
      endpoints,
      capabilities: [{ name: 'forecast', capability_id }],
    });
    expect(registered).toMatchObject({ skill_id, status: 'registered' });
    expect(id).toMatch(UUID);
    // How the UUID is written does not depend on the chosen id.
    const spellings = kind === 'the published one' ? [chosen, id, id.toUpperCase()] : [chosen];
    for (const given of spellings) {
      const at = path(given);
      const shown = (await admin.get(at).expect(200)).body;
      expect(shown).toMatchObject({
        skill_id,
        id,
        capabilities: [{ skill_id, capability_id, id: expect.stringMatching(UUID) }],
      });
      expect((await admin.get(`${at}/status`).expect(200)).body.data).toMatchObject({ skill_id, id });
      const set = await admin.put(`${at}/status`, { status: 'active' }).expect(200);
      expect(set.body.data).toMatchObject({ skill_id, id, status: 'active' });
      const sent = given === chosen ? skill_id : id;
      expect((await admin.post(`${at}/heartbeat`, {}).expect(200)).body.data).toMatchObject({ skill_id: sent, id });
      const beats = await admin.post('/heartbeats', { heartbeats: [{ skill_id: given }] }).expect(200);
      expect(beats.body.data.results).toEqual([{ skill_id: sent, ...(sent !== id && { id }), status: 'ok' }]);
      expect((await admin.post(`${at}/check`).expect(200)).body.data).toMatchObject({ skill_id, id });
      expect((await admin.patch(at, { metadata: { given } }).expect(200)).body).toMatchObject({
        skill_id,
        capabilities: [{ capability_id }],
      });
      const listed = await admin.get(`/capabilities?skill_id=${encodeURIComponent(given)}`).expect(200);
      expect(listed.body.data).toMatchObject({ total: 1, capabilities: [{ skill_id, capability_id }] });
      for (const asked of [capability_id, shown.capabilities[0].id as string, 'forecast']) {
        const target = { skill_id: given, capability_id: asked };
        const call = { command_id: commandId(), ...target, parameters: { city: 'Berlin' } };
        const called = await site.agent.post('/commands/execute', call).expect(200);
        expect(called.body.data).toMatchObject({ skill_id, capability_id, result: { city: 'Berlin' } });
        expect(skill.calls.at(-1)?.body).toMatchObject({ skill_id, capability_id });
        const channel = await site.agent.post('/channels/create', target).expect(200);
        expect(channel.body.data).toMatchObject({ skill_id, capability_id });
        const through = { ...call, command_id: commandId(), channel_id: channel.body.data.channel_id as string };
        const name = asked === 'forecast';
        await site.agent.post('/commands/execute', through).expect(name ? 400 : 200);
      }
    }
    const query = encodeURIComponent(skill_id);
    const executions = await site.agent.get(`/commands/executions?skill_id=${query}&page_size=1`).expect(200);
    expect(executions.body.data).toMatchObject({
      total: 5 * spellings.length,
      executions: [{ skill_id, capability_id }],
    });
    const channels = await site.agent.get(`/channels?skill_id=${query}&page_size=1`).expect(200);
    expect(channels.body.data).toMatchObject({ total: 3 * spellings.length, channels: [{ skill_id, capability_id }] });
    const audit = await admin.get(`/audit?action=skill.register&target=skill:${query}`).expect(200);
    expect(audit.body.data).toMatchObject({ total: 1, entries: [{ target: `skill:${id}` }] });
    await admin.post(`${path(skill_id)}/unregister`, { skill_id }).expect(200);
    expectError(await admin.get(path(skill_id)), 404, 1004);
    const gone = executions.body.data.executions[0].execution_id as string;
    const kept = await site.agent.get(`/commands/executions/${gone}`).expect(200);
    expect(kept.body.data).toMatchObject({ skill_id, capability_id });
  });

  it('are 1 to 64 characters without control characters, and UUIDs in any spelling are UUIDs', async () => {
    for (const skill_id of [
      '',
      ' ',
      'x'.repeat(65),
      '🌦'.repeat(65),
      'a\u0000b',
      'a\nb',
      '\u007f',
      '\ud800',
      1,
      null,
      {},
    ]) {
      expectError(await admin.post('/skills/register', { ...skillBody(), skill_id }), 400, 1001);
      const capabilities = [{ name: 'a', capability_id: skill_id }];
      expectError(await admin.post('/skills/register', { ...skillBody(), capabilities }), 400, 1001);
    }
    expectError(await admin.get(`/skills/${'x'.repeat(65)}`), 400, 1001);
    expectError(await admin.get('/skills/a%0Ab'), 400, 1001);
    const uuid = randomUUID();
    const made = await register({ skill_id: uuid.toUpperCase() });
    expect(made).toMatchObject({ skill_id: uuid, id: uuid });
    expect((await admin.get(path(uuid)).expect(200)).body).toMatchObject({ skill_id: uuid, id: uuid });
  });

  it('that nobody has are not found, nor those of Skills in other Spaces', async () => {
    const skill_id = newId();
    await register({ skill_id, space_id: 'building-7' });
    const stranger = apiOf(site.app, (await site.app.client('operator', 'building-8')).token);
    for (const [api, id] of [
      [admin, 'nobody'],
      [stranger, skill_id],
    ] as const) {
      expectError(await api.get(path(id)), 404, 1004);
      expectError(await api.get(`${path(id)}/status`), 404, 1004);
      expectError(await api.delete(path(id)), 404, 1004);
      expectError(await api.post(`${path(id)}/unregister`), 404, 1004);
      const call = { command_id: commandId(), skill_id: id, capability_id: 'forecast' };
      expectError(await api.post('/commands/execute', call), 404, 1004);
      expectError(await api.put('/capabilities/nothing/status', { status: 'disabled' }), 404, 1005);
      const listed = await api.get(`/capabilities?skill_id=${encodeURIComponent(id)}`).expect(200);
      expect(listed.body.data.total).toBe(0);
    }
    const beats = await admin.post('/heartbeats', { heartbeats: [{ skill_id: 'Nobody' }] }).expect(200);
    expect(beats.body.data.results).toMatchObject([{ skill_id: 'Nobody', status: 'unknown', code: 1004 }]);
  });

  it('belong to one Skill: others are refused, and the same one is renewed', async () => {
    const skill_id = newId();
    const publisher = apiOf(site.app, (await site.app.client('publisher')).token);
    const other = apiOf(site.app, (await site.app.client('publisher')).token);
    const { name } = skillBody();
    const first = await register({ skill_id, name }, publisher);
    expect(await register({ skill_id, name }, publisher)).toMatchObject({ skill_id, id: first.id });
    // Without an id, and with another one, it keeps the one that it has.
    expect(await register({ name }, publisher)).toMatchObject({ skill_id, id: first.id });
    expect(await register({ name, skill_id: newId() }, publisher)).toMatchObject({ skill_id, id: first.id });
    for (const [api, body] of [
      [publisher, skillBody({ skill_id })],
      [publisher, skillBody({ skill_id, name, version: '1.0.1' })],
      [other, skillBody({ skill_id })],
      [other, skillBody({ skill_id, name })],
    ] as const) {
      const refused = await api.post('/skills/register', body);
      expectError(refused, 409, 1006);
      if (body.name !== name || body.version !== '1.0.0') expect(refused.body.message).toContain('skill_id');
      const batch = await api.post('/skills/batch', { skills: [body, skillBody()] }).expect(200);
      expect(batch.body.data.results).toMatchObject([{ status: 'failed', code: 1006 }, { status: 'created' }]);
    }
    await publisher.post(`${path(skill_id)}/unregister`).expect(200);
    // Its former owner keeps the id, and gets the same UUID again.
    expectError(await other.post('/skills/register', skillBody({ skill_id })), 409, 1006);
    expect(await register({ skill_id }, publisher)).toMatchObject({ skill_id, id: first.id });
  });

  it('are decided for each item of a batch', async () => {
    const [one, two] = [newId(), newId()];
    const { name } = skillBody();
    const batch = await admin.post('/skills/batch', {
      skills: [
        skillBody({ skill_id: one, name }),
        skillBody({ skill_id: one, name, endpoints: [{ url: 'http://replica:1/' }] }),
        skillBody({ skill_id: one }),
        skillBody({ skill_id: two }),
        skillBody({ skill_id: 'x'.repeat(65) }),
        skillBody({ name, capabilities: [{ name: 'a', capability_id: 'k' }] }),
        skillBody({ name, capabilities: [{ name: 'b', capability_id: 'k' }] }),
      ],
    });
    expect(batch.body.data.results).toMatchObject([
      { status: 'created', skill_id: one },
      { status: 'updated', skill_id: one },
      { status: 'failed', code: 1006, message: expect.stringContaining('skill_id') },
      { status: 'created', skill_id: two },
      { status: 'failed', code: 1001 },
      { status: 'updated', skill_id: one },
      { status: 'failed', code: 1001, message: expect.stringContaining('capability_id') },
    ]);
    const listed = await admin.get(`/skills/?name=${name}`).expect(200);
    expect(listed.body).toMatchObject([{ skill_id: one, endpoints: [{}, { url: 'http://replica:1/' }, {}] }]);
  });

  it('of simultaneous registrations: one Skill gets it', async () => {
    const skill_id = newId();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => admin.post('/skills/register', skillBody({ skill_id }))),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(7).fill(409)]);
  });

  it('of capabilities are unique in their Skill, and stay with their names', async () => {
    const skill_id = newId();
    const { name } = skillBody();
    const send = (...capabilities: object[]) =>
      admin.post('/skills/register', { ...skillBody({ skill_id, name }), capabilities });
    const shown = async () =>
      Object.fromEntries(
        ((await admin.get(path(skill_id))).body.capabilities as Capability[]).map((it) => [it.name, it.capability_id]),
      );
    const twice = await send({ name: 'a', capability_id: 'x' }, { name: 'b', capability_id: 'x' });
    expect(expectError(twice, 400, 1001)).toEqual(['capabilities must not repeat a capability_id']);
    await send({ name: 'a', capability_id: 'x' }, { name: 'b' }).expect(200);
    const taken = await send({ name: 'b', capability_id: 'x' }, { name: 'c' });
    expect(expectError(taken, 400, 1001)).toEqual([
      'capabilities.0.capability_id belongs to another capability of this Skill',
    ]);
    const uuid = (await admin.get(path(skill_id))).body.capabilities[1].id as string;
    // The UUID of a capability is its id too.
    expectError(await send({ name: 'a', capability_id: uuid }), 400, 1001);
    await send({ name: 'b', capability_id: uuid }).expect(200);
    await send({ name: 'a' }, { name: 'b', capability_id: 'y' }).expect(200);
    expect(await shown()).toEqual({ a: 'x', b: 'y' });
    const { skill_id: _, ...replacement } = skillBody({ name });
    const swapped = [
      { name: 'a', capability_id: 'y' },
      { name: 'b', capability_id: 'x' },
    ];
    await admin.put(path(skill_id), { ...replacement, capabilities: swapped }).expect(200);
    expect(await shown()).toEqual({ a: 'y', b: 'x' });
    await admin.patch(path(skill_id), { description: 'other' }).expect(200);
    expect(await shown()).toEqual({ a: 'y', b: 'x' });
  });

  it('of capabilities may be in several Skills: the Skill then has to be named to change one', async () => {
    const capability_id = newId();
    const body = { capabilities: [{ name: 'a', capability_id }] };
    const publisher = apiOf(site.app, (await site.app.client('publisher')).token);
    const one = await register(body);
    const at = `/capabilities/${encodeURIComponent(capability_id)}/status`;
    const off = await admin.put(at, { status: 'disabled' }).expect(200);
    expect(off.body.data).toMatchObject({ capability_id, id: expect.stringMatching(UUID), status: 'disabled' });
    expectError(await publisher.put(at, { status: 'disabled' }), 403, 1003);
    const two = await register(body, publisher);
    await publisher.put(at, { status: 'disabled' }).expect(200);
    expect(expectError(await admin.put(at, { status: 'enabled' }), 400, 1001)).toEqual([
      'skill_id is required: several Skills have such a capability',
    ]);
    await admin.put(at, { status: 'enabled', skill_id: two.id }).expect(200);
    const statuses = await Promise.all(
      [one, two].map(async ({ id }) => (await admin.get(path(id))).body.capabilities[0].status as string),
    );
    expect(statuses).toEqual(['disabled', 'enabled']);
  });

  it('in the body of unregister must be that of the path', async () => {
    const { skill_id, id } = await register({ skill_id: newId() });
    for (const given of [NOBODY, 'other']) {
      const refused = await admin.post(`${path(skill_id)}/unregister`, { skill_id: given });
      expect(expectError(refused, 400, 1001)).toEqual(['skill_id must be the one in the path']);
    }
    await admin.post(`${path(skill_id)}/unregister`, { skill_id: id }).expect(200);
  });

  it('are in the answers of batches of calls, of asynchronous calls and of explain', async () => {
    const { url } = await site.serveOne(BEHAVIOURS.echo);
    const skill_id = newId();
    await register({ skill_id, endpoints: [{ url }] });
    const call = { skill_id, capability_id: 'forecast', parameters: { city: 'Berlin' } };
    const { body } = await site.agent.post('/commands/batch', { commands: [{ command_id: commandId(), ...call }] });
    expect(body.data.results).toMatchObject([{ execution: { skill_id } }]);
    const accepted = await site.agent
      .post('/commands/execute', { command_id: commandId(), ...call })
      .set('prefer', 'respond-async')
      .expect(202);
    expect(accepted.body.data).toMatchObject({ skill_id, status: 'pending' });
    await admin.put(`${path(skill_id)}/status`, { status: 'inactive' }).expect(200);
    const { name } = (await admin.get(path(skill_id))).body as { name: string };
    const explained = await admin.get(`/skills/discover?explain=true&name=${name}`).expect(200);
    expect(explained.body.data.explain).toMatchObject([{ skill_id }]);
  });
});
