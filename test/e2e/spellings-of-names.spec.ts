import { skillBody } from '../support/skill.factory.js';
import { BEHAVIOURS } from '../support/skill-server.js';
import { type Api, apiOf, expectError } from './api.js';
import { CallSite, commandId } from './calls.js';

interface Owner {
  api: Api;
}

describe('names', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({});
  });
  afterAll(async () => {
    await site.app.close();
    await site.stopSkills();
  });

  const publisher = async (...spaces: string[]): Promise<Owner> => ({
    api: apiOf(site.app, (await site.app.client('publisher', ...spaces)).token),
  });
  const register = async ({ api }: Owner, body: object): Promise<string> =>
    (await api.post('/skills/register', { ...skillBody(), ...body }).expect(200)).body.data.skill_id as string;
  const call = (wanted: object) =>
    site.agent.post('/commands/execute', {
      command_id: commandId(),
      capability: 'forecast',
      parameters: { city: 'Berlin' },
      ...wanted,
    });

  it('hold nothing that nobody sees, by every way of writing', async () => {
    const owner = await publisher();
    const id = await register(owner, {});
    const cases: [string, string][] = [
      ['weather ', 'must not begin or end with U+0020'],
      ['wea\u200bther', 'must not contain U+200B'],
      ['wea\u202ether', 'must not contain U+202E'],
      ['wea\nther', 'must not contain U+000A'],
      ['weather\ufe0f', 'must not contain U+FE0F'],
      ['weather@1.0.0', 'must not contain @, except in a leading @scope/'],
      ['@scope', 'must not contain @, except in a leading @scope/'],
      ['@scope/a@1', 'must not contain @, except in a leading @scope/'],
    ];
    for (const [name, reason] of cases) {
      const answers = [
        await owner.api.post('/skills/register', skillBody({ name })),
        await owner.api.post('/skills', skillBody({ name })),
        await owner.api.put(`/skills/${id}`, skillBody({ name })),
        await owner.api.patch(`/skills/${id}`, { name }),
      ];
      for (const answer of answers) expect(expectError(answer, 400, 1001)).toEqual([`name ${reason}`]);
      const batch = await owner.api.post('/skills/batch', { skills: [skillBody({ name })] }).expect(200);
      expect(batch.body.data.results).toMatchObject([{ status: 'failed', code: 1001 }]);
    }
    const capabilities = [{ name: 'forecast\u00ad', category: ' weather' }];
    expect(expectError(await owner.api.post('/skills', skillBody({ capabilities })), 400, 1001)).toEqual([
      'capabilities.0.name must not contain U+00AD',
      'capabilities.0.category must not begin or end with U+0020',
    ]);
    const client = await site.admin.post('/auth/clients', { name: 'team\u200f', role: 'viewer' });
    expect(expectError(client, 400, 1001)).toEqual(['name must not contain U+200F']);
  });

  it('have one spelling each, also where they are read', async () => {
    const owner = await publisher();
    const [skill] = await site.serve(BEHAVIOURS.echo);
    const unique = skillBody().name;
    const [nfc, nfd] = [`caf\u00e9-${unique}`, `cafe\u0301-${unique}`];
    const capabilities = [{ name: 'pre\u0301vision', category: 'me\u0301te\u0301o' }];
    const id = await register(owner, { name: nfd, capabilities, endpoints: [{ url: skill?.url ?? '' }] });
    expect(await register(owner, { name: nfc, capabilities })).toBe(id);
    expect((await owner.api.get(`/skills/${id}`)).body).toMatchObject({
      name: nfc,
      capabilities: [{ name: 'pr\u00e9vision', category: 'm\u00e9t\u00e9o' }],
    });
    for (const name of [nfc, nfd]) {
      const query = `name=${encodeURIComponent(name)}`;
      expect((await owner.api.get(`/skills?${query}`)).body).toHaveLength(1);
      expect((await owner.api.get(`/skills/discover?${query}&explain=false`)).body.data.total).toBe(1);
      expect((await owner.api.get(`/names/${encodeURIComponent(name)}`).expect(200)).body.name).toBe(nfc);
      await call({ skill: `${name}@^1`, capability: 'pre\u0301vision', parameters: {} }).expect(200);
    }
    for (const path of ['/skills/discover?capability=pre%CC%81vision', '/capabilities?name=pre%CC%81vision']) {
      expect((await owner.api.get(path)).body.data.total).toBe(1);
    }
  });

  it('may have a scope, which calls by name understand', async () => {
    const owner = await publisher();
    const [skill] = await site.serve(BEHAVIOURS.echo);
    const name = `@acme/${skillBody().name}`;
    await register(owner, { name, endpoints: [{ url: skill?.url ?? '' }] });
    await call({ skill: name }).expect(200);
    await call({ skill: `${name}@^1.0` }).expect(200);
    expectError(await call({ skill: `${name}@^2.0` }), 404, 1004);
  });

  it('of older releases are read, called and changed as before', async () => {
    const owner = await publisher();
    const [skill] = await site.serve(BEHAVIOURS.echo);
    const id = await register(owner, { endpoints: [{ url: skill?.url ?? '' }] });
    const name = `cafe\u0301\u200b ${id} `;
    await site.app.database.query('UPDATE skills SET name = $2 WHERE id = $1', [id, name]);
    await site.app.database.query(`UPDATE capabilities SET name = 'fore\u200bcast' WHERE skill_id = $1`, [id]);
    await owner.api.patch(`/skills/${id}`, { description: 'new' }).expect(200);
    expect((await owner.api.get(`/skills?name=${encodeURIComponent(name)}`)).body).toMatchObject([{ name }]);
    await call({ skill: name, capability: 'fore\u200bcast' }).expect(200);
    await call({ skill_id: id, capability: 'fore\u200bcast' }).expect(200);
    expectError(await owner.api.patch(`/skills/${id}`, { name: 'x\u200b' }), 400, 1001);
    await owner.api.patch(`/skills/${id}`, { name: skillBody().name }).expect(200);
  });

  it('that look like the name of another client are told to the later one', async () => {
    const [owner, other, bound] = [await publisher(), await publisher(), await publisher('elsewhere')];
    const name = skillBody().name;
    await register(owner, { name });
    const warnings = [{ field: 'name', reason: `looks like "${name}", which belongs to another client` }];
    // Cyrillic, capitals, full width, Greek.
    const alike = ['we\u0430', 'WEA', '\uff57ea', 'w\u0435a', 'we\u03b1'].map((start) => name.replace('wea', start));
    for (const [index, look] of alike.entries()) {
      const body = skillBody({ name: look });
      const answers = [
        async () => (await other.api.post('/skills', body).expect(201)).body as object,
        async () => (await other.api.post('/skills/register', body).expect(200)).body.data as object,
        async () =>
          (await other.api.post('/skills/batch', { skills: [body] }).expect(200)).body.data.results[0] as object,
      ];
      expect(await answers[index % 3]?.()).toMatchObject({ warnings });
    }
    const { id } = (await other.api.post('/skills', skillBody()).expect(201)).body as { id: string };
    for (const look of ['w\u0435A', 'WE\u0430'].map((start) => name.replace('wea', start)))
      expect((await other.api.patch(`/skills/${id}`, { name: look }).expect(200)).body).toMatchObject({ warnings });
    // The new name of a Skill counts at once.
    const renamed = skillBody().name;
    await other.api.patch(`/skills/${id}`, { name: renamed }).expect(200);
    const like = await owner.api.post('/skills', skillBody({ name: renamed.toUpperCase() })).expect(201);
    expect(like.body.warnings).toEqual([
      { field: 'name', reason: `looks like "${renamed}", which belongs to another client` },
    ]);
    // To its own, and to who may not see it, nothing is told.
    const own = await owner.api.post('/skills', skillBody({ name: name.replace('wea', 'w\u0435\u0430') })).expect(201);
    expect(JSON.stringify(own.body.warnings ?? '')).not.toContain(`"${name}"`);
    const unseen = await bound.api.post('/skills', skillBody({ name: name.replace('wea', 'WEa') })).expect(201);
    expect(unseen.body).not.toHaveProperty('warnings');
    expect((await other.api.post('/skills', skillBody()).expect(201)).body).not.toHaveProperty('warnings');
  });
});
