import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

type Health = 'healthy' | 'warning' | 'unhealthy';

/** Skills by what their members say of their endpoints, in the order of their creation. */
const SKILLS: Record<string, { endpoints: { url: string; health?: Health; status?: 'inactive' }[]; status?: string }> =
  {
    alive: { endpoints: [{ url: 'http://e/', health: 'healthy' }] },
    half: {
      endpoints: [
        { url: 'http://e/', health: 'unhealthy' },
        { url: 'ws://e/', health: 'healthy' },
      ],
    },
    warned: { endpoints: [{ url: 'http://e/', health: 'warning' }] },
    dead: {
      endpoints: [
        { url: 'http://e/', health: 'unhealthy' },
        { url: 'wss://e/', health: 'unhealthy' },
      ],
    },
    unheard: { endpoints: [{ url: 'https://e/' }] },
    off: { endpoints: [{ url: 'http://e/', health: 'healthy', status: 'inactive' }] },
    shut: { endpoints: [{ url: 'http://e/', health: 'healthy' }], status: 'maintenance' },
    'shut-dead': { endpoints: [{ url: 'http://e/', health: 'unhealthy' }], status: 'maintenance' },
    // Its living endpoint is switched off, the other is dead.
    stranded: {
      endpoints: [
        { url: 'http://e/', health: 'healthy', status: 'inactive' },
        { url: 'ws://e/', health: 'unhealthy' },
      ],
    },
  };

const healthsOf = (skill: { endpoints: { health: Health }[] }) => skill.endpoints.map(({ health }) => health);

describe('the health of Skills', () => {
  let app: TestApp;
  let api: Api;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
    for (const [label, { endpoints, status }] of Object.entries(SKILLS)) {
      const body = skillBody({ endpoints: endpoints.map(({ health: _, ...endpoint }) => endpoint) });
      const { skill_id } = (await api.post('/skills', body).expect(201)).body as { skill_id: string };
      ids.set(label, skill_id);
      for (const { url, health } of endpoints) {
        if (health) await beat(skill_id, { endpoint_url: url, health });
      }
      if (status) await api.put(`/skills/${skill_id}/status`, { status }).expect(200);
    }
  });
  afterAll(() => app.close());

  const beat = (skillId: string, body: object) => api.post(`/skills/${skillId}/heartbeat`, body).expect(200);
  const labelsOf = (skills: { skill_id: string }[]) =>
    skills.map(({ skill_id }) => [...ids].find(([, id]) => id === skill_id)?.[0]);

  it.each([
    ['', ['alive', 'half', 'warned', 'unheard']],
    ['include=unhealthy', ['alive', 'half', 'warned', 'dead', 'unheard', 'stranded']],
    ['status=maintenance', ['shut']],
    ['status=maintenance&include=unhealthy', ['shut', 'shut-dead']],
    ['status=inactive', []],
    ['protocol=http', ['alive', 'warned']],
    ['protocol=http&include=unhealthy', ['alive', 'half', 'warned', 'dead']],
    ['protocol=ws', ['half']],
    ['protocol=ws&include=unhealthy', ['half', 'stranded']],
    ['protocol=wss', []],
    ['capability=forecast&category=weather', ['alive', 'half', 'warned', 'unheard']],
    ['capability=forecast&include=unhealthy', ['alive', 'half', 'warned', 'dead', 'unheard', 'stranded']],
    ['metadata.region=eu&protocol=https', ['unheard']],
    ['q=weather', ['alive', 'half', 'warned', 'unheard']],
    ['q=weather&sort=-created_at', ['unheard', 'warned', 'half', 'alive']],
    ['q=weather&include=unhealthy', ['alive', 'half', 'warned', 'dead', 'unheard', 'stranded']],
  ])('GET /skills/discover?%s finds what can be called', async (query, expected) => {
    const { data } = (await api.get(`/skills/discover?${query}`).expect(200)).body;
    expect([labelsOf(data.skills), data.total]).toEqual([expected, expected.length]);
  });

  it.each([
    ['', ['alive', 'half', 'warned', 'unheard', 'off', 'shut', 'stranded']],
    ['include=unhealthy', Object.keys(SKILLS)],
    ['status=active', ['alive', 'half', 'warned', 'unheard', 'off', 'stranded']],
    ['status=maintenance', ['shut']],
    ['status=maintenance&include=unhealthy', ['shut', 'shut-dead']],
    ['protocol=http', ['alive', 'warned', 'shut']],
    ['protocol=http&include=unhealthy', ['alive', 'half', 'warned', 'dead', 'shut', 'shut-dead']],
    ['capability=forecast', ['alive', 'half', 'warned', 'unheard', 'off', 'shut', 'stranded']],
    ['q=weather', ['alive', 'half', 'warned', 'unheard', 'off', 'shut', 'stranded']],
    ['q=weather&status=maintenance', ['shut']],
    ['q=weather&include=unhealthy', Object.keys(SKILLS)],
  ])('GET /skills?%s lists what is not dead', async (query, expected) => {
    const { body, headers } = await api.get(`/skills?${query}`).expect(200);
    expect([labelsOf(body), headers['x-total-count']]).toEqual([expected, String(expected.length)]);
  });

  it('pages through the living: the dead leave no gap', async () => {
    const pages = [];
    for (const skip of [0, 3, 6, 9]) pages.push(labelsOf((await api.get(`/skills?skip=${skip}&limit=3`)).body));
    expect(pages).toEqual([['alive', 'half', 'warned'], ['unheard', 'off', 'shut'], ['stranded'], []]);
  });

  it('shows unhealthy endpoints to whom asks for the Skill, or for the unhealthy', async () => {
    const urls = (skill: { endpoints: { url: string }[] } | undefined) => skill?.endpoints.map(({ url }) => url);
    const half = ids.get('half') ?? '';
    const find = (skills: { skill_id: string; endpoints: { url: string }[] }[]) =>
      urls(skills.find(({ skill_id }) => skill_id === half));
    const discover = async (query: string) => find((await api.get(`/skills/discover?${query}`)).body.data.skills);
    expect([await discover(''), await discover('protocol=ws')]).toEqual([['ws://e/'], ['ws://e/']]);
    expect(await discover('include=unhealthy')).toEqual(['http://e/', 'ws://e/']);
    expect(find((await api.get('/skills')).body)).toEqual(['ws://e/']);
    expect(find((await api.get('/skills?include=unhealthy')).body)).toEqual(['http://e/', 'ws://e/']);
    const { body } = await api.get(`/skills/${half}`).expect(200);
    expect([urls(body), healthsOf(body)]).toEqual([
      ['http://e/', 'ws://e/'],
      ['unhealthy', 'healthy'],
    ]);
    const dead = await api.get(`/skills/${ids.get('dead') ?? ''}`).expect(200);
    expect(healthsOf(dead.body)).toEqual(['unhealthy', 'unhealthy']);
  });

  it.each([
    ['alive', 'healthy'],
    ['half', 'warning'],
    ['warned', 'warning'],
    ['dead', 'unhealthy'],
    ['unheard', 'healthy'],
    ['off', 'healthy'],
    ['stranded', 'unhealthy'],
  ])('GET /skills/{id}/status of %s sums the active endpoints up to %s', async (label, health) => {
    const { body } = await api.get(`/skills/${ids.get(label) ?? ''}/status`).expect(200);
    expect(body.data.health).toBe(health);
  });

  describe('that is stated at registration', () => {
    const A = 'http://stated-a/';
    const B = 'http://stated-b/';
    const read = async (skillId: string) => {
      const { health, endpoints } = (await api.get(`/skills/${skillId}/status`).expect(200)).body.data as {
        health: Health;
        endpoints: { url: string; health: Health }[];
      };
      return [health, ...endpoints.map((endpoint) => endpoint.health)];
    };
    const isFound = async (name: string) =>
      (await api.get(`/skills/discover?name=${name}&page_size=1`).expect(200)).body.data.total === 1;
    const stated = () => skillBody({ health: 'warning', endpoints: [{ url: A }, { url: B, health: 'unhealthy' }] });

    it.each<[string, (body: ReturnType<typeof skillBody>) => Promise<string>]>([
      ['register', async (body) => (await api.post('/skills/register', body).expect(200)).body.data.skill_id as string],
      ['create', async (body) => (await api.post('/skills', body).expect(201)).body.skill_id as string],
      [
        'a batch',
        async (body) => (await api.post('/skills/batch', { skills: [body] })).body.data.results[0].skill_id as string,
      ],
    ])('by %s is that of the Skill and its endpoints, until a heartbeat says otherwise', async (_, register) => {
      const body = stated();
      const skillId = await register(body);
      expect(await read(skillId)).toEqual(['warning', 'warning', 'unhealthy']);
      const [found] = (await api.get(`/skills/discover?name=${body.name}`).expect(200)).body.data.skills as {
        endpoints: { url: string }[];
      }[];
      expect(found?.endpoints.map(({ url }) => url)).toEqual([A]);
      await beat(skillId, { endpoint_url: A });
      await beat(skillId, { endpoint_url: B, health: 'warning' });
      expect(await read(skillId)).toEqual(['warning', 'healthy', 'warning']);
      await beat(skillId, {});
      expect(await read(skillId)).toEqual(['healthy', 'healthy', 'healthy']);
    });

    it('leaves a Skill whose endpoints are all unhealthy out of discovery', async () => {
      const body = skillBody({ health: 'unhealthy', endpoints: [{ url: A }, { url: B, status: 'inactive' }] });
      const { skill_id } = (await api.post('/skills/register', body).expect(200)).body.data as { skill_id: string };
      expect(await read(skill_id)).toEqual(['unhealthy', 'unhealthy', 'unhealthy']);
      expect(await isFound(body.name)).toBe(false);
      // A registration that states none is a sign of life, as before.
      const { health: _, ...plain } = body;
      await api.post('/skills/register', plain).expect(200);
      expect(await read(skill_id)).toEqual(['healthy', 'healthy', 'healthy']);
      expect(await isFound(body.name)).toBe(true);
      await api.post('/skills/register', { ...plain, endpoints: [{ url: A, health: 'unhealthy' }] }).expect(200);
      expect(await isFound(body.name)).toBe(false);
    });

    it('counts for the endpoints of its own body in a batch', async () => {
      const { name, version, ...rest } = skillBody({ endpoints: [{ url: A }] });
      const other = { ...rest, name, version, health: 'unhealthy', endpoints: [{ url: B }] };
      const { body } = await api.post('/skills/batch', { skills: [{ name, version, ...rest }, other] }).expect(200);
      expect(await read(body.data.results[0].skill_id as string)).toEqual(['warning', 'healthy', 'unhealthy']);
    });

    it('can be changed with the Skill, and is kept by a change that states none', async () => {
      const body = stated();
      const { skill_id } = (await api.post('/skills', body).expect(201)).body as { skill_id: string };
      await api.patch(`/skills/${skill_id}`, { description: 'New' }).expect(200);
      expect(await read(skill_id)).toEqual(['warning', 'warning', 'unhealthy']);
      await api.put(`/skills/${skill_id}`, { ...body, health: 'healthy' }).expect(200);
      expect(await read(skill_id)).toEqual(['warning', 'healthy', 'unhealthy']);
      await api.patch(`/skills/${skill_id}`, { health: 'healthy' }).expect(200);
      expect(await read(skill_id)).toEqual(['healthy', 'healthy', 'healthy']);
    });

    it.each(['', 'HEALTHY', 'up', null, 1])('must be a known one: not %j', async (health) => {
      const faults = (field: string) => [`${field} must be one of healthy, unhealthy, warning`];
      const wrong = { ...skillBody(), health };
      expect(expectError(await api.post('/skills/register', wrong), 400, 1001)).toEqual(faults('health'));
      const endpoints = [{ url: A, health }];
      const refused = await api.post('/skills', { ...skillBody(), endpoints });
      expect(expectError(refused, 400, 1001)).toEqual(faults('endpoints.0.health'));
    });
  });
});

describe('a change of health', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const register = async (overrides = {}) =>
    (await api.post('/skills/register', skillBody(overrides)).expect(200)).body.data.skill_id as string;
  const beat = (skillId: string, body: object) => api.post(`/skills/${skillId}/heartbeat`, body).expect(200);

  it('is one of the ETag, which a heartbeat alone is not', async () => {
    const skillId = await register();
    const get = (etag = '"none"') => api.get(`/skills/${skillId}`).set('if-none-match', etag);
    const { etag } = (await get().expect(200)).headers as { etag: string };
    await beat(skillId, { health: 'healthy', request_count: 5 });
    await get(etag).expect(304);
    const tags = [etag];
    for (const health of ['warning', 'unhealthy', 'healthy'] as const) {
      await beat(skillId, { health });
      const { body, headers } = await get(tags.at(-1)).expect(200);
      expect(healthsOf(body)).toEqual([health]);
      expectError(await api.patch(`/skills/${skillId}`, {}).set('if-match', etag), 412, 1011);
      tags.push(headers.etag ?? '');
    }
    expect(new Set(tags).size).toBe(4);
  });

  it('is none of a change of the Skill: endpoints keep theirs, new ones are healthy', async () => {
    const skillId = await register({ endpoints: [{ url: 'http://kept/' }] });
    await beat(skillId, { health: 'unhealthy' });
    const patched = await api.patch(`/skills/${skillId}`, { description: 'other' }).expect(200);
    expect(healthsOf(patched.body)).toEqual(['unhealthy']);
    await api.put(`/skills/${skillId}/status`, { status: 'inactive' }).expect(200);
    await api.put(`/skills/${skillId}/status`, { status: 'active' }).expect(200);
    const body = skillBody({ endpoints: [{ url: 'http://kept/' }, { url: 'http://new/' }] });
    expect(healthsOf((await api.put(`/skills/${skillId}`, body).expect(200)).body)).toEqual(['unhealthy', 'healthy']);
    expect((await api.get(`/skills/${skillId}/status`)).body.data.health).toBe('warning');
    await api.put(`/skills/${skillId}`, skillBody({ endpoints: [{ url: 'http://new/' }] })).expect(200);
    expect((await api.get(`/skills/${skillId}/status`)).body.data.health).toBe('healthy');
  });

  it('stays in the history', async () => {
    const skillId = await register({ endpoints: [{ url: 'http://told/' }] });
    for (const health of ['warning', 'warning', 'unhealthy', 'healthy']) await beat(skillId, { health });
    const events = await app.database.query(
      `SELECT event, endpoint_url, actor FROM skill_events WHERE skill_id = $1 ORDER BY created_at, id`,
      [skillId],
    );
    expect(events).toEqual([
      { event: 'registered', endpoint_url: null, actor: 'admin' },
      ...['warning', 'unhealthy', 'healthy'].map((health) => ({
        event: `endpoint_${health}`,
        endpoint_url: 'http://told/',
        actor: 'admin',
      })),
    ]);
  });
});
