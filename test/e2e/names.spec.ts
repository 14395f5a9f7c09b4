import { skillBody } from '../support/skill.factory.js';
import { BEHAVIOURS, type SkillServer } from '../support/skill-server.js';
import { tokenOf } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';
import { CallSite, commandId } from './calls.js';

interface Owner {
  id: string;
  api: Api;
}

/** Other settings than elsewhere: one client is trusted with calls by capability alone. */
describe('names of Skills', () => {
  let site: CallSite;
  beforeAll(async () => {
    site = await CallSite.start({ COMMAND_TRUSTED_OWNERS: 'trusted-team', COMMAND_TRUSTED_SPACES: 'trusted-space' });
  });
  afterAll(async () => {
    await site.app.close();
    await site.stopSkills();
  });

  const publisher = async (...spaces: string[]): Promise<Owner> => {
    const { clientId, token } = await site.app.client('publisher', ...spaces);
    return { id: clientId, api: apiOf(site.app, token) };
  };
  const register = async ({ api }: Owner, body: object): Promise<string> =>
    (await api.post('/skills/register', { ...skillBody(), ...body }).expect(200)).body.data.skill_id as string;
  const share = (name: string, ...clients: Owner[]) =>
    site.admin.put(`/names/${encodeURIComponent(name)}/shared-with`, { client_ids: clients.map(({ id }) => id) });
  const call = (wanted: object, api: Api = site.agent) =>
    api.post('/commands/execute', {
      command_id: commandId(),
      capability: 'forecast',
      parameters: { city: 'Berlin' },
      ...wanted,
    });

  describe('belong to the client that registers them first', () => {
    it('by every door, whatever the version and the Space', async () => {
      const [owner, stranger] = [await publisher(), await publisher('elsewhere')];
      const { name } = skillBody();
      await register(owner, { name });
      const own = await register(stranger, {});
      const body = (version: string) => skillBody({ name, version });
      for (const taken of [
        await stranger.api.post('/skills/register', body('999.0.0')),
        await stranger.api.post('/skills/register', body('1.999.0')),
        await stranger.api.post('/skills', body('0.0.1')),
        await stranger.api.put(`/skills/${own}`, body('3.0.0')),
        await stranger.api.patch(`/skills/${own}`, { name, version: '4.0.0' }),
        // Roles do not matter: who manages all names gives them away first.
        await site.admin.post('/skills/register', body('5.0.0')),
        await site.admin.post('/skills', body('5.0.0')),
        // The name is claimed for the owner of the Skill.
        await site.admin.patch(`/skills/${own}`, { name, version: '6.0.0' }),
      ]) {
        expectError(taken, 409, 1006);
        expect(JSON.stringify(taken.body)).not.toContain(owner.id);
      }
      const skills = [body('7.0.0'), skillBody(), body('8.0.0')];
      const { results } = (await stranger.api.post('/skills/batch', { skills }).expect(200)).body.data;
      expect(results).toMatchObject([{ code: 1006 }, { status: 'created' }, { code: 1006 }]);
      const { body: found } = await site.admin.get(`/skills?name=${name}`).expect(200);
      expect(found).toHaveLength(1);
      await register(owner, { name, version: '2.0.0' });
    });

    it('one of many that register at once, with different versions, alone and in batches', async () => {
      const owners = await Promise.all(Array.from({ length: 8 }, () => publisher()));
      const names = Array.from({ length: 20 }, () => skillBody().name);
      await Promise.all(
        owners.flatMap(({ api }, index) => {
          const bodies = names.map((name) => skillBody({ name, version: `${index}.0.0` }));
          const ordered = index % 2 === 0 ? bodies : bodies.toReversed();
          return [
            api.post('/skills/batch', { skills: ordered }).expect(200),
            ...ordered.slice(0, 3).map((body) => api.post('/skills/register', body)),
          ];
        }),
      );
      const rows = await site.app.database.query<{ owners: number; named: boolean }>(
        `SELECT count(DISTINCT s.owner)::int AS owners, bool_and(s.owner = n.owner) AS named
         FROM skills s JOIN skill_names n USING (name) WHERE s.name = ANY($1) GROUP BY s.name`,
        [names],
      );
      expect(rows).toEqual(names.map(() => ({ owners: 1, named: true })));
    });

    it('also if a release without owners of names registered it; its owners keep what they have', async () => {
      const [first, second, stranger] = [await publisher(), await publisher(), await publisher()];
      const { name } = skillBody();
      await register(first, { name });
      const other = await register(second, {});
      await site.app.database.query('DELETE FROM skill_names WHERE name = $1', [name]);
      await site.app.database.query(`UPDATE skills SET name = $2, version = '9.9.9' WHERE id = $1`, [other, name]);
      expectError(await stranger.api.post('/skills/register', skillBody({ name, version: '10.0.0' })), 409, 1006);
      expect(await register(second, { name, version: '9.9.9' })).toBe(other);
      await register(first, { name, version: '1.1.0' });
      const [row] = await site.app.database.query('SELECT owner FROM skill_names WHERE name = $1', [name]);
      expect(row).toEqual({ owner: first.id });
    });

    it('and are claimed by a new name of a Skill, which holds the old one', async () => {
      const [owner, stranger] = [await publisher(), await publisher()];
      const [before, after] = [skillBody().name, skillBody().name];
      const id = await register(owner, { name: before });
      await owner.api.patch(`/skills/${id}`, { name: after }).expect(200);
      for (const name of [before, after]) {
        expectError(await stranger.api.post('/skills/register', skillBody({ name, version: '2.0.0' })), 409, 1006);
      }
      await register(owner, { name: before });
    });
  });

  describe('that no Skill has any more', () => {
    const expire = (name: string) =>
      site.app.database.query(`UPDATE skill_names SET held_until = now() - interval '1 second' WHERE name = $1`, [
        name,
      ]);

    it.each([
      ['deleted', (owner: Owner, id: string) => owner.api.delete(`/skills/${id}`).expect(204)],
      ['unregistered', (owner: Owner, id: string) => owner.api.post(`/skills/${id}/unregister`).expect(200)],
    ])('stay with their owner for 30 days, as the id does: %s', async (_, remove) => {
      const [owner, stranger] = [await publisher(), await publisher()];
      const { name } = skillBody();
      const id = await register(owner, { name });
      await remove(owner, id);
      const [held] = await site.app.database.query<{ days: number }>(
        `SELECT extract(epoch FROM held_until - now()) / 86400 AS days FROM skill_names WHERE name = $1`,
        [name],
      );
      expect(Number(held?.days)).toBeCloseTo(30, 1);
      expectError(await stranger.api.post('/skills/register', skillBody({ name })), 409, 1006);
      expectError(await stranger.api.post('/skills/register', skillBody({ skill_id: id })), 409, 1006);
      const skills = [skillBody({ skill_id: id }), skillBody({ name })];
      const { body } = await stranger.api.post('/skills/batch', { skills }).expect(200);
      expect(body.data.results).toMatchObject([{ code: 1006 }, { code: 1006 }]);
      // Its owner comes back as it was.
      expect(await register(owner, { name, skill_id: id })).toBe(id);
      await remove(owner, id);
      await expire(name);
      await site.app.database.query(`UPDATE freed_skill_ids SET held_until = now() WHERE skill_id = $1`, [id]);
      const taken = await register(stranger, { name, skill_id: id });
      expect(taken).toBe(id);
      expectError(await owner.api.post('/skills/register', skillBody({ name, version: '2.0.0' })), 409, 1006);
    });

    it('go to one claimant once they are free, and to none while another Skill has them', async () => {
      const [owner, ...others] = await Promise.all(Array.from({ length: 7 }, () => publisher()));
      const { name } = skillBody();
      if (!owner) throw new Error('there are seven');
      const [first, second] = [await register(owner, { name }), await register(owner, { name, version: '2.0.0' })];
      const tryAll = (round: number) =>
        Promise.all(
          others.map(({ api }, index) =>
            api.post('/skills/register', skillBody({ name, version: `${round}.${index}.0` })),
          ),
        );
      await owner.api.delete(`/skills/${first}`).expect(204);
      await expire(name);
      for (const answer of await tryAll(3)) expectError(answer, 409, 1006);
      await owner.api.delete(`/skills/${second}`).expect(204);
      await expire(name);
      const statuses = (await tryAll(4)).map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([200, 409, 409, 409, 409, 409]);
    });
  });

  describe('bind the calls that use them', () => {
    let good: SkillServer;
    let other: SkillServer;
    let bad: SkillServer;
    beforeAll(async () => {
      [good, other, bad] = (await site.serve(BEHAVIOURS.echo, BEHAVIOURS.echo, BEHAVIOURS.resets)) as [
        SkillServer,
        SkillServer,
        SkillServer,
      ];
    });
    const at = (server: SkillServer) => ({ endpoints: [{ url: server.url }] });

    it('to the owner and the sharers of the name, and to no other after that', async () => {
      const [owner, friend] = [await publisher(), await publisher()];
      const { name } = skillBody();
      const failing = await register(owner, { name, version: '2.0.0', ...at(bad) });
      await share(name, friend).expect(200);
      const lower = await register(friend, { name, version: '1.0.0', ...at(other) });
      // It fails, and what it was sent goes to nobody else.
      for (const wanted of [{ skill: name }, { skill: `${name}@>=1` }, { skill_id: failing }]) {
        // Of the endpoint, or of the circuit that it has opened.
        expect([2002, 2003]).toContain((await call(wanted)).body.code);
      }
      expect(other.calls).toHaveLength(0);
      expect((await call({ skill: `${name}@1` }).expect(200)).body.data.skill_id).toBe(lower);
      // Another version of the owner serves.
      const own = await register(owner, { name, version: '1.5.0', ...at(good) });
      expect((await call({ skill: name }).expect(200)).body.data.skill_id).toBe(own);
      // Who shares it no more is called by its name no more.
      await share(name).expect(200);
      expectError(await call({ skill: `${name}@1.0.0` }), 404, 1004);
      expect((await call({ skill_id: lower }).expect(200)).body.data.skill_id).toBe(lower);
      expectError(await friend.api.post('/skills/register', skillBody({ name, version: '1.0.0' })), 409, 1006);
      // Its Skill stays as it is, and takes no other version of the name.
      expectError(await friend.api.patch(`/skills/${lower}`, { version: '3.0.0' }), 409, 1006);
      await friend.api.patch(`/skills/${lower}`, { description: 'another' }).expect(200);
    });

    it('not to a shared version below one of the owner that cannot be called now', async () => {
      const [owner, friend] = [await publisher(), await publisher()];
      const { name } = skillBody();
      const id = await register(owner, { name, version: '2.0.0', ...at(good) });
      await share(name, friend).expect(200);
      await register(friend, { name, version: '1.0.0', ...at(other) });
      await owner.api.put(`/skills/${id}/status`, { status: 'maintenance' }).expect(200);
      expectError(await call({ skill: name }), 503, 2003);
      // The owner serves where the version of the other cannot.
      const shared = await register(friend, { name, version: '3.0.0', ...at(other) });
      await owner.api.put(`/skills/${id}/status`, { status: 'active' }).expect(200);
      await friend.api.put(`/skills/${shared}/status`, { status: 'inactive' }).expect(200);
      expect((await call({ skill: name }).expect(200)).body.data.skill_id).toBe(id);
    });

    it('and calls by capability alone go to whom the settings trust', async () => {
      const capability = `only-${process.pid}-trusted`;
      const capabilities = (version: string) => [{ name: capability, version }];
      const stranger = await publisher();
      const caught = await register(stranger, {
        ...at(other),
        version: '999.0.0',
        capabilities: capabilities('999.0.0'),
      });
      expectError(await call({ capability }), 404, 1005);
      const created = await site.admin
        .post('/auth/clients', { client_id: 'trusted-team', name: 'Trusted', role: 'publisher' })
        .expect(201);
      const token = await tokenOf(site.app.http, 'trusted-team', created.body.client_secret as string);
      const trusted = { id: 'trusted-team', api: apiOf(site.app, token) };
      const low = await register(trusted, { ...at(good), capabilities: capabilities('0.1.0') });
      expect((await call({ capability }).expect(200)).body.data.skill_id).toBe(low);
      const placed = await register(stranger, {
        ...at(good),
        space_id: 'trusted-space',
        capabilities: capabilities('2.0.0'),
      });
      expect((await call({ capability }).expect(200)).body.data.skill_id).toBe(placed);
      // Who names a Skill has decided whom to trust.
      expect((await call({ capability, skill_id: caught }).expect(200)).body.data.skill_id).toBe(caught);
    });
  });
});
