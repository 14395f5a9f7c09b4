import { Transactions } from '#database';
import { EndpointHealthWriter } from '#skills';
import { NamesRepository, NamesUpkeep } from '../../libs/skills/src/names/index.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';
import { auditEntries } from './audit-entries.js';

interface Owner {
  id: string;
  api: Api;
}

describe('names of Skills are managed', () => {
  let app: TestApp;
  let admin: Api;
  let agent: Api;
  beforeAll(async () => {
    app = await startTestApp();
    admin = apiOf(app);
    agent = apiOf(app, (await app.client('agent')).token);
  });
  afterAll(() => app.close());

  const publisher = async (...spaces: string[]): Promise<Owner> => {
    const { clientId, token } = await app.client('publisher', ...spaces);
    return { id: clientId, api: apiOf(app, token) };
  };
  const register = async ({ api }: Owner, body: object): Promise<string> =>
    (await api.post('/skills/register', { ...skillBody(), ...body }).expect(200)).body.data.skill_id as string;
  const share = (name: string, ...clients: Owner[]) =>
    admin.put(`/names/${encodeURIComponent(name)}/shared-with`, { client_ids: clients.map(({ id }) => id) });

  const path = (name: string) => `/names/${encodeURIComponent(name)}`;
  const named = async (...spaces: string[]) => {
    const owner = await publisher(...spaces);
    const { name } = skillBody();
    return { owner, name, id: await register(owner, { name }) };
  };
  const actions = async (name: string) =>
    (await auditEntries(admin, { target: `name:${name}` })).map(({ action, actor }) => [action, actor]);

  it('by their owner and by admins only', async () => {
    const { owner, name } = await named();
    const [friend, operator] = [await publisher(), apiOf(app, (await app.client('operator')).token)];
    const before = { name, owner: owner.id, shared_with: [] };
    for (const api of [admin, owner.api, friend.api, agent]) {
      expect((await api.get(path(name)).expect(200)).body).toEqual(before);
    }
    const body = { client_ids: [friend.id] };
    for (const api of [friend.api, operator]) expectError(await api.put(`${path(name)}/shared-with`, body), 403, 1003);
    expect((await owner.api.put(`${path(name)}/shared-with`, body).expect(200)).body).toEqual({
      ...before,
      shared_with: [friend.id],
    });
    await register(friend, { name, version: '2.0.0' });
    // The owner is nobody to share it with; who is not named any more shares it no more.
    const others = await admin.put(`${path(name)}/shared-with`, { client_ids: [owner.id, 'oidc:b', 'a'] });
    expect(others.body).toEqual({ ...before, shared_with: ['a', 'oidc:b'] });
    expectError(await friend.api.post('/skills/register', skillBody({ name, version: '2.1.0' })), 409, 1006);
    await owner.api.put(`${path(name)}/shared-with`, { client_ids: [] }).expect(200);
    for (const [method, at] of [
      ['post', '/transfer'],
      ['delete', ''],
    ] as const) {
      expectError(await owner.api[method](`${path(name)}${at}`, { client_id: friend.id }), 403, 1003);
    }
    expect(await actions(name)).toEqual(
      [owner.id, 'admin', owner.id].map((actor) => ['name.share', actor]).toReversed(),
    );
  });

  it('with all faults told, and names of any characters', async () => {
    const { name } = await named();
    const put = (client_ids: unknown) => admin.put(`${path(name)}/shared-with`, { client_ids });
    for (const bad of [
      undefined,
      null,
      'a',
      [1],
      [''],
      ['\u0000'],
      ['a', 'a'],
      ['x'.repeat(256)],
      Array.from({ length: 101 }, String),
    ]) {
      expect(expectError(await put(bad), 400, 1001)[0]).toMatch(/^client_ids /);
    }
    expectError(await admin.post(`${path(name)}/transfer`, {}), 400, 1001);
    expectError(await admin.get('/names/%20'), 400, 1001);
    expectError(await admin.get(path('n'.repeat(256))), 400, 1001);
    for (const odd of ['@scope/name', 'a b%20?#&', '\u{1f600}'.repeat(255), '天气']) {
      const unknown = await admin.get(path(odd));
      expectError(unknown, 404, 1004);
      await admin.post('/skills/register', skillBody({ name: odd })).expect(200);
      expect((await admin.get(path(odd)).expect(200)).body).toEqual({
        name: odd,
        owner: 'admin',
        shared_with: [],
      });
    }
  });

  it('and given to another client with the Skills of the owner, their ids and their leases', async () => {
    const { owner, name, id } = await named();
    const [friend, heir, viewer] = [await publisher(), await publisher(), await publisher()];
    await share(name, friend, heir).expect(200);
    const shared = await register(friend, { name, version: '2.0.0' });
    const gone = await register(owner, { name, version: '3.0.0' });
    await owner.api.delete(`/skills/${gone}`).expect(204);
    await viewer.api.get(`/skills?name=${name}`).expect(200);
    const transferred = await admin.post(`${path(name)}/transfer`, { client_id: heir.id }).expect(200);
    expect(transferred.body).toEqual({ name, owner: heir.id, shared_with: [friend.id] });
    const { body: skills } = await viewer.api.get(`/skills?name=${name}`).expect(200);
    expect(skills).toMatchObject([
      { skill_id: id, owner: heir.id },
      { skill_id: shared, owner: friend.id },
    ]);
    await heir.api.post(`/skills/${id}/heartbeat`).expect(200);
    expectError(await owner.api.post(`/skills/${id}/heartbeat`), 403, 1003);
    expectError(await owner.api.patch(`/skills/${id}`, { description: 'mine' }), 403, 1003);
    for (const body of [skillBody({ name, version: '1.0.0' }), skillBody({ skill_id: gone })]) {
      expectError(await owner.api.post('/skills/register', body), 409, 1006);
    }
    expect(await register(heir, { name, version: '3.0.0', skill_id: gone })).toBe(gone);
    expect(await actions(name)).toContainEqual(['name.transfer', 'admin']);
    const entries = await auditEntries(admin, { target: `skill:${id}`, action: 'skill.transfer' });
    expect(entries).toHaveLength(1);
  });

  it('but not to a client that is not there, or is disabled', async () => {
    const { name } = await named();
    const disabled = await publisher();
    await admin.patch(`/auth/clients/${disabled.id}`, { disabled: true }).expect(200);
    const transfer = (client_id: string) => admin.post(`${path(name)}/transfer`, { client_id });
    expectError(await transfer('nobody-of-this-name'), 404, 1010);
    expectError(await transfer(disabled.id), 409, 1006);
    expectError(await admin.post(`${path('no such name')}/transfer`, { client_id: 'admin' }), 404, 1004);
  });

  it('and freed at once, with the ids of their Skills, when no Skill has them', async () => {
    const { owner, name, id } = await named();
    const stranger = await publisher();
    expectError(await admin.delete(path(name)), 409, 1006);
    await owner.api.delete(`/skills/${id}`).expect(204);
    expectError(await stranger.api.get(path(name)), 404, 1004);
    expect((await owner.api.get(path(name)).expect(200)).body.owner).toBe(owner.id);
    await admin.delete(path(name)).expect(204);
    expectError(await admin.delete(path(name)), 404, 1004);
    expectError(await owner.api.get(path(name)), 404, 1004);
    expect(await register(stranger, { name, skill_id: id })).toBe(id);
  });

  it('within the Spaces of a client that is limited to some', async () => {
    const [mine, theirs] = ['names-mine', 'names-theirs'];
    const { owner, name } = await named(theirs);
    const limited = apiOf(app, (await app.client('admin', mine)).token);
    const inside = await publisher(mine);
    // Taken is taken, and nothing else is said.
    const taken = await inside.api.post('/skills/register', skillBody({ name, version: '2.0.0' }));
    expectError(taken, 409, 1006);
    const get = (api: Api) => api.get(path(name));
    for (const api of [limited, inside.api]) expectError(await get(api), 404, 1004);
    expectError(await limited.put(`${path(name)}/shared-with`, { client_ids: [] }), 404, 1004);
    expectError(await limited.post(`${path(name)}/transfer`, { client_id: inside.id }), 404, 1004);
    expectError(await limited.delete(path(name)), 404, 1004);
    // Shared into the Space: who sees it there still does not see whose it is, unless it has a part in it.
    await share(name, inside).expect(200);
    await register(inside, { name, version: '2.0.0' });
    expect((await get(inside.api).expect(200)).body.owner).toBe(owner.id);
    const neighbour = await publisher(mine);
    for (const api of [limited, neighbour.api]) expectError(await get(api), 404, 1004);
    // All in the Space: its admin manages the name, for clients of the Space.
    const own = await named(mine);
    expectError(await limited.post(`${path(own.name)}/transfer`, { client_id: owner.id }), 404, 1010);
    const shared = await limited.put(`${path(own.name)}/shared-with`, { client_ids: [owner.id, inside.id, 'nobody'] });
    expect(expectError(shared, 400, 1001)).toEqual([owner.id, 'nobody'].map((id) => `client_ids "${id}" is no client`));
    await limited.put(`${path(own.name)}/shared-with`, { client_ids: [inside.id] }).expect(200);
    await limited.post(`${path(own.name)}/transfer`, { client_id: inside.id }).expect(200);
    await inside.api.delete(`/skills/${own.id}`).expect(204);
    expectError(await limited.delete(path(own.name)), 404, 1004);
  });

  it('at the same time as they are registered under, without two owners', async () => {
    const { owner, name } = await named();
    const [heir, friend] = [await publisher(), await publisher()];
    const answers = await Promise.all([
      ...Array.from({ length: 10 }, (_, index) =>
        owner.api.post('/skills/register', skillBody({ name, version: `2.${index}.0` })),
      ),
      admin.post(`${path(name)}/transfer`, { client_id: heir.id }),
      ...Array.from({ length: 5 }, () => owner.api.put(`${path(name)}/shared-with`, { client_ids: [friend.id] })),
      ...Array.from({ length: 10 }, (_, index) =>
        heir.api.post('/skills/register', skillBody({ name, version: `3.${index}.0` })),
      ),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => ![200, 403, 404, 409].includes(status))).toEqual([]);
    const owners = await app.database.query('SELECT DISTINCT owner FROM skills WHERE name = $1', [name]);
    expect(owners).toEqual([{ owner: heir.id }]);
  });

  it('by the service itself: deregistered Skills leave them held, and free ones are deleted, some at a time', async () => {
    const [owner, stranger] = [await publisher(), await publisher()];
    const names = Array.from({ length: 5 }, () => skillBody().name).toSorted();
    for (const name of names) await register(owner, { name });
    const [gone = '', free = '', ...others] = names;
    const held = (name: string) =>
      app.database.query<{ held: boolean }>('SELECT held_until > now() AS held FROM skill_names WHERE name = $1', [
        name,
      ]);
    // What the sweeper does to endpoints that stay away.
    const unregister = async (name: string) => {
      const endpoints = await app.database.query<{ id: string }>(
        'SELECT e.id FROM skill_endpoints e JOIN skills s ON s.id = e.skill_id WHERE s.name = $1',
        [name],
      );
      const ids = endpoints.map(({ id }) => id);
      await app.app.get(Transactions).run((tx) => app.app.get(EndpointHealthWriter).unregister(tx, 'sweeper', ids));
    };
    for (const name of [gone, free]) await unregister(name);
    expect(await held(gone)).toEqual([{ held: true }]);
    expectError(await stranger.api.post('/skills/register', skillBody({ name: gone })), 409, 1006);
    await app.database.query('UPDATE skill_names SET held_until = now() WHERE name = $1', [free]);
    await app.database.query('UPDATE freed_skill_ids SET held_until = now() WHERE name = $1', [free]);
    const repository = app.app.get(NamesRepository);
    const pages: string[] = [];
    for (let after: string | undefined = ''; after !== undefined && pages.length < 1_000;) {
      after = await app.app.get(Transactions).run((tx) => repository.purge(tx, pages.at(-1) ?? '', 2));
      if (after !== undefined) pages.push(after);
    }
    const [{ count } = { count: 0 }] = await app.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM skill_names',
    );
    // Two names each time.
    expect(pages.length).toBe(Math.floor((count + 1) / 2));
    expect([await held(free), await held(gone)]).toEqual([[], [{ held: true }]]);
    for (const name of others) expect(await held(name)).toEqual([{ held: false }]);
    // More than one transaction deletes: a registry of few names may have many ids that are free.
    await app.database.query(
      `INSERT INTO freed_skill_ids (skill_id, name, owner, held_until)
       SELECT gen_random_uuid(), $1, 'former', now() FROM generate_series(1, 2500)`,
      [free],
    );
    await app.app.get(NamesUpkeep).runAnew();
    expect(await app.database.query('SELECT FROM freed_skill_ids WHERE name = $1', [free])).toEqual([]);
    expect(await app.database.query('SELECT FROM freed_skill_ids WHERE name = $1', [gone])).toHaveLength(1);
  });
});
