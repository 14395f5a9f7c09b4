import { ROLES } from '#auth';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';

describe('heartbeats: what is refused', () => {
  let app: TestApp;
  let api: Api;
  let skillId: string;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
    const sent = skillBody({ endpoints: [{ url: 'http://input/' }] });
    skillId = (await api.post('/skills/register', sent)).body.data.skill_id as string;
  });
  afterAll(() => app.close());
  afterEach(async () => {
    const { body } = await api.get(`/skills/${skillId}/status`);
    expect(body.data).toMatchObject({ health: 'healthy', request_count: 0 });
  });

  /** Sends the text as a heartbeat, and as one of many; the faults are the same. */
  const refused = async (text: string): Promise<string[]> => {
    const send = (path: string, body: string) => api.post(path).set('content-type', 'application/json').send(body);
    const faults = expectError(await send(`/skills/${skillId}/heartbeat`, text), 400, 1001);
    const item = text.replace('{', `{"skill_id": "${skillId}"${text === '{}' ? '' : ','}`);
    const many = expectError(
      await send('/heartbeats', `{"heartbeats": [{"skill_id": "${skillId}"}, ${item}]}`),
      400,
      1001,
    );
    expect(many).toEqual(faults.map((fault) => `heartbeats.1.${fault}`));
    return faults;
  };

  it('tells all faults at once', async () => {
    const faults = await refused(
      JSON.stringify({
        endpoint_url: 'ftp://input/',
        generation: 0,
        health: 'fine',
        uptime: -1,
        request_count: 1.5,
        error_count: -1,
        cpu_usage: 100.01,
        memory_usage: '40',
        status: 'active',
        expires_at: 1,
      }),
    );
    expect(faults.toSorted()).toEqual([
      'cpu_usage must not be over 100',
      'endpoint_url must be a valid http, https, ws or wss URL',
      'error_count must not be under 0',
      'expires_at is unknown',
      'generation must not be under 1',
      'health must be one of healthy, unhealthy, warning',
      'memory_usage must be a number',
      'memory_usage must not be over 100',
      'memory_usage must not be under 0',
      'request_count must be a whole number',
      'status is unknown',
      'uptime must not be under 0',
    ]);
  });

  const METRICS = ['uptime', 'request_count', 'error_count', 'cpu_usage', 'memory_usage'];
  it.each(METRICS)('takes for %s no text, no list, no null, nothing negative, nothing huge', async (metric) => {
    for (const value of ['"NaN"', '"1"', '""', 'null', 'true', '[1]', '{}', '-1', '-1e-9', '1e400', '-1e400', '1e16']) {
      const faults = await refused(`{"${metric}": ${value}}`);
      expect([value, ...faults]).toEqual([value, ...faults.filter((fault) => fault.startsWith(`${metric} must `))]);
      expect(faults).not.toEqual([]);
    }
  });

  it.each([
    ['generation', ['0', '-1', '1.5', '"1"', 'null', '1e400', '9007199254740992', '[1]', 'true']],
    ['health', ['""', '"HEALTHY"', '"ok"', 'null', '1', '["healthy"]', '{"healthy":1}', 'true']],
    [
      'endpoint_url',
      [
        '""',
        '"x"',
        'null',
        '7',
        '["http://input/"]',
        '"http://u:p@input/"',
        '"http://input/#a"',
        '"http://input/\\u0000"',
      ],
    ],
  ])('takes for %s none of %j', async (field, values) => {
    for (const value of values) {
      const faults = await refused(`{"${field}": ${value}}`);
      expect([value, faults.length > 0]).toEqual([value, true]);
    }
  });

  it.each(['[]', '7', '"text"', 'true', '[{}]', '{"__proto__": {"health": "unhealthy"}}', '{"constructor": {}}', '{'])(
    'takes no %s for a heartbeat',
    async (text) => {
      const request = api.post(`/skills/${skillId}/heartbeat`).set('content-type', 'application/json');
      expectError(await request.send(text), 400, 1001);
    },
  );

  it.each([
    [{}, ['heartbeats']],
    [{ heartbeats: [] }, ['heartbeats']],
    [{ heartbeats: null }, ['heartbeats']],
    [{ heartbeats: {} }, ['heartbeats']],
    [{ heartbeats: new Array(1001).fill({ skill_id: 'x' }) }, ['heartbeats']],
    [{ heartbeats: [{}], more: 1 }, ['more']],
  ])('takes no list that is none, empty or too long: %#', async (body, fields) => {
    const faults = expectError(await api.post('/heartbeats', body), 400, 1001);
    expect([...new Set(faults.map((fault) => fault.split(' ')[0]))]).toEqual(fields);
  });

  it('tells the faults of every item with their paths, and renews none', async () => {
    const heartbeats = [
      { skill_id: skillId, health: 'unhealthy' },
      {},
      null,
      'text',
      [],
      { skill_id: 'x\n', cpu_usage: 101, extra: 1 },
    ];
    expect(expectError(await api.post('/heartbeats', { heartbeats }), 400, 1001)).toEqual([
      'heartbeats.1.skill_id is required',
      'heartbeats.2 must be an object',
      'heartbeats.3 must be an object',
      'heartbeats.4 must be an object',
      'heartbeats.5.extra is unknown',
      'heartbeats.5.skill_id must not contain control characters',
      'heartbeats.5.cpu_usage must not be over 100',
    ]);
  });

  it('tells a hundred faults of many', async () => {
    const heartbeats = new Array(1_000).fill({ skill_id: 'x', health: 'x' });
    const faults = expectError(await api.post('/heartbeats', { heartbeats }), 400, 1001);
    expect(faults).toHaveLength(101);
    expect(faults[100]).toBe('body has more faults than these 100');
  });

  it('takes heartbeats of publishers and admins only', async () => {
    for (const role of ROLES.filter((name) => name !== 'admin' && name !== 'publisher')) {
      const as = apiOf(app, (await app.client(role)).token);
      expectError(await as.post(`/skills/${skillId}/heartbeat`, { health: 'unhealthy' }), 403, 1003);
      expectError(
        await as.post('/heartbeats', { heartbeats: [{ skill_id: skillId, health: 'unhealthy' }] }),
        403,
        1003,
      );
    }
  });
});
