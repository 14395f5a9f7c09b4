import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

interface Explained {
  skill_id: string;
  id: string;
  name: string;
  reason: string;
}

type Query = Record<string, string>;

describe('GET /skills/discover?explain=true', () => {
  let app: TestApp;
  let api: Api;
  let publisher: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
    publisher = apiOf(app, (await app.client('publisher')).token);
  });
  afterAll(() => app.close());

  const create = async (overrides = {}, as = api) => {
    const body = skillBody(overrides);
    const { skill_id } = (await as.post('/skills', body).expect(201)).body as { skill_id: string };
    return { skill_id, name: body.name };
  };
  const beat = (skillId: string, body: object) => api.post(`/skills/${skillId}/heartbeat`, body).expect(200);
  const explain = async (query: Query, as = api) => {
    const { data } = (
      await as.get(`/skills/discover?${new URLSearchParams(query).toString()}&explain=true`).expect(200)
    ).body;
    return data as { total: number; skills: { skill_id: string }[]; explain: Explained[] };
  };
  /** Why a Skill with this name is not found. */
  const reasonOf = async (name: string, query: Query = {}) => {
    const { total, explain: told } = await explain({ name, ...query });
    expect([total, told.length]).toEqual([0, 1]);
    expect(told[0]).toEqual({ skill_id: told[0]?.id, id: expect.any(String), name, reason: expect.any(String) });
    return told[0]?.reason;
  };

  it('says nothing of Skills that are found, and nothing at all unless asked', async () => {
    const { name, skill_id } = await create();
    expect(await explain({ name })).toMatchObject({ total: 1, skills: [{ skill_id }], explain: [] });
    for (const query of ['', '&explain=false']) {
      expect((await api.get(`/skills/discover?name=${name}${query}`).expect(200)).body.data).not.toHaveProperty(
        'explain',
      );
    }
    expect(await explain({ name: 'no such Skill' })).toMatchObject({ total: 0, explain: [] });
  });

  it.each(['maintenance', 'inactive'])('tells of the status %s', async (status) => {
    const { name, skill_id } = await create();
    await api.put(`/skills/${skill_id}/status`, { status }).expect(200);
    expect(await reasonOf(name)).toBe(`its status is ${status}, not active`);
    expect(await explain({ name, status })).toMatchObject({ total: 1, explain: [] });
    await api.put(`/skills/${skill_id}/status`, { status: 'active' }).expect(200);
    expect(await reasonOf(name, { status })).toBe(`its status is active, not ${status}`);
  });

  it('tells of the version', async () => {
    const { name } = await create({ version: '1.2.3' });
    expect(await reasonOf(name, { version: '^2' })).toBe('its version 1.2.3 is not in ^2');
    expect(await explain({ name, version: '^1' })).toMatchObject({ total: 1, explain: [] });
  });

  it('tells of endpoints that say they are unhealthy', async () => {
    const { name, skill_id } = await create({ endpoints: [{ url: 'http://x/1' }, { url: 'ws://x/2' }] });
    await beat(skill_id, { health: 'unhealthy' });
    expect(await reasonOf(name)).toBe(
      'http://x/1 is unhealthy: it says so itself; ws://x/2 is unhealthy: it says so itself',
    );
    expect(await reasonOf(name, { protocol: 'ws' })).toBe('ws://x/2 is unhealthy: it says so itself');
    expect(await explain({ name, include: 'unhealthy' })).toMatchObject({ total: 1, explain: [] });
    await beat(skill_id, { endpoint_url: 'http://x/1' });
    expect(await explain({ name })).toMatchObject({ total: 1, explain: [] });
    expect(await reasonOf(name, { protocol: 'ws' })).toBe('ws://x/2 is unhealthy: it says so itself');
  });

  it('tells of endpoints that are switched off', async () => {
    const { name } = await create({ endpoints: [{ url: 'http://x/off', status: 'inactive' }] });
    expect(await reasonOf(name)).toBe('http://x/off is inactive');
    expect(await reasonOf(name, { include: 'unhealthy' })).toBe('http://x/off is inactive');
  });

  it.each<Query>([{}, { include: 'unhealthy' }])('tells of the protocol, with %j', async (query) => {
    const { name } = await create({ endpoints: [{ url: 'http://x/' }] });
    expect(await reasonOf(name, { protocol: 'wss', ...query })).toBe('it has no wss endpoint');
    expect(await explain({ name, protocol: 'http', ...query })).toMatchObject({ total: 1, explain: [] });
  });

  it('tells of a capability that is disabled, whether asked for by name, category or both', async () => {
    const { name } = await create({
      capabilities: [
        { name: 'a', category: 'x', status: 'disabled' },
        { name: 'b', category: 'x', status: 'disabled' },
        { name: 'c', category: 'y' },
      ],
    });
    expect(await reasonOf(name, { capability: 'a' })).toBe('its capability a is disabled');
    expect(await reasonOf(name, { category: 'x' })).toBe('its capability a is disabled; its capability b is disabled');
    expect(await reasonOf(name, { capability: 'b', category: 'x' })).toBe('its capability b is disabled');
    for (const query of [{ capability: 'c' }, { category: 'y' }] as Query[]) {
      expect(await explain({ name, ...query })).toMatchObject({ total: 1, explain: [] });
    }
    // It never had these: no near match.
    for (const query of [{ capability: 'd' }, { capability: 'a', category: 'y' }] as Query[]) {
      expect(await explain({ name, ...query })).toMatchObject({ total: 0, explain: [] });
    }
  });

  it('tells all reasons of one Skill together', async () => {
    const { name, skill_id } = await create({
      version: '1.0.0',
      endpoints: [{ url: 'http://x/a', status: 'inactive' }, { url: 'http://x/b' }, { url: 'ws://x/c' }],
      capabilities: [{ name: 'a', status: 'disabled' }],
    });
    await beat(skill_id, { health: 'unhealthy' });
    await api.put(`/skills/${skill_id}/status`, { status: 'maintenance' }).expect(200);
    expect(await reasonOf(name, { version: '>1', capability: 'a', protocol: 'http' })).toBe(
      [
        'its status is maintenance, not active',
        'its version 1.0.0 is not in >1',
        'its capability a is disabled',
        'http://x/a is inactive',
        'http://x/b is unhealthy: it says so itself',
      ].join('; '),
    );
  });

  it('goes by name, capability, metadata and words: what differs there is no near match', async () => {
    const key = `near-${process.pid}`;
    const { name, skill_id } = await create({ description: 'platypus', metadata: { [key]: 'yes' } });
    await beat(skill_id, { health: 'unhealthy' });
    for (const query of [{ name }, { q: 'platyp' }, { [`metadata.${key}`]: 'yes' }] as Query[]) {
      expect((await explain({ ...query, protocol: 'http' })).explain.map((skill) => skill.skill_id)).toEqual([
        skill_id,
      ]);
    }
    for (const query of [
      { name, q: 'echidna' },
      { [`metadata.${key}`]: 'no' },
      { q: 'platyp', capability: 'other' },
    ] as Query[]) {
      expect((await explain(query)).explain).toEqual([]);
    }
  });

  it('explains to every role what it sees', async () => {
    const key = `own-${process.pid}`;
    const mine = await create({ metadata: { [key]: 'yes' } }, publisher);
    const other = await create({ metadata: { [key]: 'yes' } });
    for (const { skill_id } of [mine, other]) await beat(skill_id, { health: 'unhealthy' });
    const told = async (as: Api) =>
      (await explain({ [`metadata.${key}`]: 'yes' }, as)).explain.map(({ skill_id }) => skill_id);
    const both = [mine.skill_id, other.skill_id];
    for (const as of [publisher, api]) expect(await told(as)).toEqual(both);
    for (const role of ['operator', 'agent', 'viewer'] as const) {
      expect(await told(apiOf(app, (await app.client(role)).token))).toEqual(both);
      expect(await told(apiOf(app, (await app.client(role, 'elsewhere')).token))).toEqual([]);
    }
  });

  describe('names what looks like the request', () => {
    const name = `Barometer-Skill-${process.pid}`;
    const capability = `measure-pressure-${process.pid}`;
    const space = `tower-${process.pid}`;
    let viewer: Api;
    let outside: Api;
    beforeAll(async () => {
      const capabilities = [{ name: capability, category: `air-${process.pid}` }];
      await create({ name, version: '1.0.0', capabilities });
      await create({ name, version: '2.0.0', capabilities, space_id: space });
      viewer = apiOf(app, (await app.client('viewer')).token);
      outside = apiOf(app, (await app.client('agent', 'elsewhere')).token);
    });
    const reasons = async (query: Query, as = viewer) => (await explain(query, as)).explain.map(({ reason }) => reason);

    it.each([
      ['another case', name.toLowerCase()],
      ['another separator', name.replaceAll('-', '_')],
      ['no separator', name.replaceAll('-', ' ')],
      ['a missing character', name.replace('meter', 'metr')],
      ['exchanged characters', name.replace('Bar', 'Bra')],
      ['another character', name.replace('Skill', 'Skull')],
      ['mistakes at both ends', `x${name.slice(1, -1)}y`],
    ])('by name: %s', async (_, asked) => {
      const expected = [`did you mean "${name}"? Its name is not "${asked}"`];
      expect(await reasons({ name: asked })).toEqual(expected);
      expect(await reasons({ name: asked }, api)).toEqual(expected);
      expect(await reasons({ name: asked }, outside)).toEqual([]);
    });

    it('by capability and category, and says everything else that differs', async () => {
      const asked = capability.replace('pressure', 'presure');
      expect(await reasons({ capability: asked })).toEqual([
        `did you mean the capability "${capability}"? It has no capability "${asked}"`,
      ]);
      const category = `AIR-${process.pid}`;
      expect(await reasons({ category, version: '^1' })).toEqual([
        `did you mean the category "air-${process.pid}"? It has no category "${category}"; its version 2.0.0 is not in ^1`,
      ]);
      expect(await reasons({ capability: asked }, outside)).toEqual([]);
      const lower = name.toLowerCase();
      expect(await reasons({ name: lower, capability: 'fly', protocol: 'wss', deprecated: 'true' })).toEqual([
        `did you mean "${name}"? Its name is not "${lower}"; it is not deprecated; it has no capability with this name; it has no wss endpoint`,
      ]);
    });

    it('in another Space that the caller sees, and in no other', async () => {
      expect(await reasons({ name, space_id: space })).toEqual([`it is in no Space, not in ${space}`]);
      expect(await reasons({ name, space_id: 'elsewhere' })).toEqual([
        'it is in no Space, not in elsewhere',
        `it is in the Space ${space}, not in elsewhere`,
      ]);
      expect(await reasons({ name, space_id: 'elsewhere' }, outside)).toEqual([]);
    });

    it('of Skills with other versions', async () => {
      expect(await reasons({ name, version: '>=3' })).toEqual([
        'its version 1.0.0 is not in >=3',
        'its version 2.0.0 is not in >=3',
      ]);
    });

    it.each(['%_%', "'; DROP TABLE skills; --", 'x', '天', '\\', 'a'.repeat(255), '-_./:@'])(
      'and nothing for %j',
      async (asked) => {
        for (const part of ['name', 'capability']) expect(await reasons({ [part]: asked })).toEqual([]);
      },
    );
  });

  it.each(['yes', '1', 'TRUE', '', 'true&explain=true'])('takes explain=%s for no answer', async (value) => {
    expectError(await api.get(`/skills/discover?explain=${value}`), 400, 1001);
  });

  it('explains the first hundred, with their first ten endpoints', async () => {
    const key = `many-${process.pid}`;
    const endpoints = Array.from({ length: 12 }, (_, n) => ({ url: `http://x/${n}`, status: 'inactive' as const }));
    const skills = Array.from({ length: 101 }, () => skillBody({ metadata: { [key]: 'yes' }, endpoints }));
    await api.post('/skills/batch', { skills }).expect(200);
    const { total, explain: told } = await explain({ [`metadata.${key}`]: 'yes', page_size: '1' });
    expect([total, told.length]).toEqual([0, 100]);
    expect(told[0]?.reason.split('; ')).toHaveLength(10);
  });
});
