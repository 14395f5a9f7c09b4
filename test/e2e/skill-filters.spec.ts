import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf } from './api.js';

const SKILLS = [
  skillBody({
    name: 'weather-skill',
    version: '1.2.0',
    description: 'Forecasts for every city',
    endpoints: [{ url: 'https://w.example/1' }],
    capabilities: [
      { name: 'forecast', category: 'weather' },
      { name: 'translate', category: 'text', status: 'disabled' },
    ],
    metadata: { region: 'eu', tier: 'gold' },
  }),
  skillBody({
    name: 'weather-skill',
    version: '1.10.0',
    description: 'Forecasts, newer',
    endpoints: [{ url: 'wss://w.example/2' }, { url: 'https://w.example/2', status: 'inactive' }],
    capabilities: [{ name: 'forecast', category: 'climate' }],
    metadata: { region: 'us', tier: 'gold' },
  }),
  skillBody({
    name: '天气预报服务',
    version: '2.0.0',
    description: '查询任意城市的天气',
    endpoints: [{ url: 'http://w.example/3' }],
    capabilities: [{ name: 'getHourlyForecast', category: '气象', description: '逐小时预报 🌦️' }],
    metadata: { 区域: '华东' },
  }),
  skillBody({
    name: 'translator',
    version: '3.1.4',
    description: 'Speaks of the weather, too',
    endpoints: [{ url: 'ws://w.example/4' }],
    capabilities: [
      { name: 'translate', category: 'weather' },
      { name: 'Umfang größer', category: 'text' },
    ],
    metadata: {},
  }),
];
const LABELS = ['w1.2', 'w1.10', 'zh', 'tr'];

describe('filters of lists and discovery', () => {
  let app: TestApp;
  let api: Api;
  let labelOf: Map<string, string>;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
    const created = [];
    for (const skill of SKILLS) created.push((await api.post('/skills', skill).expect(201)).body.skill_id as string);
    labelOf = new Map(created.map((id, index) => [id, LABELS[index] ?? '']));
  });
  afterAll(() => app.close());

  const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();
  const labels = (skills: { skill_id: string }[]) => skills.map(({ skill_id }) => labelOf.get(skill_id));
  const listed = async (parameters: Record<string, string>) => {
    const { body, headers } = await api.get(`/skills?${query(parameters)}`).expect(200);
    expect(headers['x-total-count']).toBe(String(body.length));
    return labels(body);
  };
  const discoveredPage = async (parameters: Record<string, string>) => {
    const { body } = await api.get(`/skills/discover?${query(parameters)}`).expect(200);
    return body.data as { total: number; skills: { skill_id: string }[] };
  };
  const discovered = async (parameters: Record<string, string>) => {
    const { total, skills } = await discoveredPage(parameters);
    expect(total).toBe(skills.length);
    return labels(skills);
  };

  it.each<[Record<string, string>, string[]]>([
    [{ name: 'weather-skill' }, ['w1.2', 'w1.10']],
    [{ name: 'weather' }, []],
    [{ name: '天气预报服务' }, ['zh']],
    [{ capability: 'forecast' }, ['w1.2', 'w1.10']],
    [{ category: 'weather' }, ['w1.2', 'tr']],
    [{ category: '气象' }, ['zh']],
    [{ capability: 'forecast', category: 'climate' }, ['w1.10']],
    [{ protocol: 'https' }, ['w1.2']],
    [{ protocol: 'wss' }, ['w1.10']],
    [{ protocol: 'ws' }, ['tr']],
    [{ 'metadata.region': 'eu' }, ['w1.2']],
    [{ 'metadata.tier': 'gold' }, ['w1.2', 'w1.10']],
    [{ 'metadata.tier': 'gold', 'metadata.region': 'us' }, ['w1.10']],
    [{ 'metadata.tier': 'gol' }, []],
    [{ 'metadata.区域': '华东' }, ['zh']],
    [{ version: '1.2.0' }, ['w1.2']],
    [{ version: '^1.2' }, ['w1.2', 'w1.10']],
    [{ version: '~1.2' }, ['w1.2']],
    [{ version: '>=1 <3' }, ['w1.2', 'w1.10', 'zh']],
    [{ version: '1.x || 3.x' }, ['w1.2', 'w1.10', 'tr']],
    [{ version: '1.2 - 2' }, ['w1.2', 'w1.10', 'zh']],
    [{ version: '*' }, LABELS],
    [{ version: 'x || 9.9.9' }, LABELS],
    [{ version: '>=0.0.0-0' }, LABELS],
    [{ version: '1.2.0-beta' }, []],
    [{ version: '>3' }, []],
    [{ status: 'active' }, LABELS],
    [{ status: 'inactive' }, []],
    [{ q: 'weather' }, ['w1.2', 'w1.10', 'tr']],
    [{ q: 'WEATH' }, ['w1.2', 'w1.10', 'tr']],
    [{ q: 'weather transl' }, ['w1.2', 'tr']],
    [{ q: 'hourly fore' }, ['zh']],
    [{ q: 'gethourlyf' }, ['zh']],
    [{ q: 'eather' }, []],
    [{ q: '天气' }, ['zh']],
    [{ q: '预报' }, ['zh']],
    [{ q: '报' }, ['zh']],
    [{ q: '天' }, ['zh']],
    [{ q: '气天' }, []],
    [{ q: '城市天气' }, []],
    [{ q: '天气 小时' }, ['zh']],
    [{ q: 'GRÖSSER' }, []],
    [{ q: 'größer' }, ['tr']],
    [{ q: "'); DROP TABLE skills; -- weather" }, []],
    [{ q: "wea'ther & | ! :* <-> \\" }, []],
    [{ name: 'weather-skill', version: '^1.3', q: 'newer', 'metadata.region': 'us', protocol: 'wss' }, ['w1.10']],
  ])('GET /skills and /skills/discover with %j find %j', async (parameters, expected) => {
    const sorted = (found: (string | undefined)[]) =>
      found.toSorted((a, b) => LABELS.indexOf(a ?? '') - LABELS.indexOf(b ?? ''));
    expect(sorted(await listed(parameters))).toEqual(expected);
    expect(sorted(await discovered(parameters))).toEqual(expected);
  });

  it('discovers by enabled capabilities only; the list shows all', async () => {
    expect(await listed({ capability: 'translate' })).toEqual(['w1.2', 'tr']);
    expect(await discovered({ capability: 'translate' })).toEqual(['tr']);
    expect(await listed({ category: 'text' })).toEqual(['w1.2', 'tr']);
    expect(await discovered({ category: 'text' })).toEqual(['tr']);
  });

  it('ranks a hit in the name before one in the description', async () => {
    expect((await listed({ q: 'weather' })).at(-1)).toBe('tr');
    expect((await discovered({ q: 'translat' }))[0]).toBe('tr');
  });

  it.each<[string, string[]]>([
    ['created_at', ['w1.2', 'w1.10', 'zh', 'tr']],
    ['-created_at', ['tr', 'zh', 'w1.10', 'w1.2']],
    ['version', ['w1.2', 'w1.10', 'zh', 'tr']],
    ['-version', ['tr', 'zh', 'w1.10', 'w1.2']],
    ['updated_at', ['w1.2', 'w1.10', 'zh', 'tr']],
    ['-updated_at', ['tr', 'zh', 'w1.10', 'w1.2']],
  ])('sorts by %s', async (sort, expected) => {
    expect(await listed({ sort })).toEqual(expected);
    expect(await discovered({ sort })).toEqual(expected);
  });

  it('sorts by name in both directions, and by a sort before relevance', async () => {
    const up = await listed({ sort: 'name' });
    expect(up.indexOf('tr')).toBeLessThan(up.indexOf('w1.2'));
    expect((await listed({ sort: '-name' })).toReversed()).toEqual(up);
    expect((await listed({ q: 'weather', sort: '-created_at' }))[0]).toBe('tr');
  });

  it('discovers by words alone what is active and can be called, and counts no more', async () => {
    const add = async (overrides: Parameters<typeof skillBody>[0]): Promise<string> => {
      const { body } = await api
        .post('/skills', skillBody({ description: 'Plays the theremin', ...overrides }))
        .expect(201);
      return body.skill_id as string;
    };
    const shown = [await add({}), await add({})];
    const paused = await add({});
    await api.put(`/skills/${paused}/status`, { status: 'maintenance' }).expect(200);
    await add({ endpoints: [{ url: 'http://theremin.example/', status: 'inactive' }] });
    const found = [];
    for (const page of ['1', '2', '3']) {
      const { total, skills } = await discoveredPage({ q: 'theremin', page, page_size: '1' });
      expect(total).toBe(2);
      found.push(...skills.map(({ skill_id }) => skill_id));
    }
    expect(found.toSorted()).toEqual(shown.toSorted());
    const { skills: inMaintenance } = await discoveredPage({ q: 'theremin', status: 'maintenance' });
    expect(inMaintenance.map(({ skill_id }) => skill_id)).toEqual([paused]);
    expect((await api.get(`/skills?${query({ q: 'theremin' })}`)).headers['x-total-count']).toBe('4');
  });
});
