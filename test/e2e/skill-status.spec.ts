import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiOf, expectError, NOBODY, TIME, UUID } from './api.js';

interface Status {
  health: string;
  uptime: number;
  last_heartbeat: string;
  endpoints: { health: string; last_heartbeat: string; lease: { expires_at: string } | null }[];
}

describe('GET /skills/{skill_id}/status', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp({ env: { AI_BRIDGE_HEARTBEAT_INTERVAL: '1' } });
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const register = async (body: object) =>
    (await api.post('/skills/register', body).expect(200)).body.data as { skill_id: string; generation: number };
  const beat = (skillId: string, body = {}) => api.post(`/skills/${skillId}/heartbeat`, body).expect(200);
  const status = async (skillId: string) =>
    (await api.get(`/skills/${skillId}/status`).expect(200)).body.data as Status;

  it('tells of the Skill, and of each endpoint with its lease', async () => {
    const body = skillBody({ endpoints: [{ url: 'http://e/1' }, { url: 'http://e/2', status: 'inactive' }] });
    const { skill_id, generation } = await register(body);
    const endpoint = (number: number, state: string) => ({
      endpoint_id: expect.stringMatching(UUID),
      url: `http://e/${number}`,
      status: state,
      health: 'healthy',
      generation,
      last_heartbeat: expect.stringMatching(TIME),
      lease: { expires_at: expect.stringMatching(TIME), ttl: 3 },
      probe: null,
    });
    expect((await api.get(`/skills/${skill_id}/status/`).expect(200)).body).toEqual({
      code: 0,
      message: 'success',
      data: {
        skill_id,
        id: skill_id,
        status: 'active',
        health: 'healthy',
        uptime: 0,
        request_count: 0,
        error_count: 0,
        cpu_usage: null,
        memory_usage: null,
        last_heartbeat: expect.stringMatching(TIME),
        endpoints: [endpoint(1, 'active'), endpoint(2, 'inactive')],
      },
    });
    expectError(await api.get(`/skills/${NOBODY}/status`), 404, 1004);
  });

  it('knows of a heartbeat at once, long before it is written', async () => {
    const { skill_id } = await register(skillBody());
    const sent = Date.now();
    await beat(skill_id);
    const { last_heartbeat, endpoints } = await status(skill_id);
    expect(Date.parse(last_heartbeat)).toBeGreaterThanOrEqual(sent - 50);
    expect(Date.parse(last_heartbeat)).toBeLessThanOrEqual(Date.now());
    expect(endpoints[0]?.last_heartbeat).toBe(last_heartbeat);
    const left = Date.parse(endpoints[0]?.lease?.expires_at ?? '') - Date.parse(last_heartbeat);
    expect(Math.abs(left - 3_000)).toBeLessThan(50);
  });

  it('follows a Skill that falls silent, is explained, and comes back', async () => {
    const body = skillBody({ endpoints: [{ url: 'http://silent/' }] });
    const { skill_id } = await register(body);
    await until(async () => (await status(skill_id)).health === 'unhealthy');
    const silent = await status(skill_id);
    expect(silent).toMatchObject({ uptime: 0, endpoints: [{ health: 'unhealthy', lease: null }] });
    expect(Date.now() - Date.parse(silent.last_heartbeat)).toBeGreaterThanOrEqual(3_000);

    const { total, explain } = (await api.get(`/skills/discover?name=${body.name}&explain=true`).expect(200)).body.data;
    expect([total, explain]).toEqual([0, [{ skill_id, id: skill_id, name: body.name, reason: expect.any(String) }]]);
    const [, endedAt = ''] = /^http:\/\/silent\/ is unhealthy: its lease ended at (\S+)$/.exec(explain[0].reason) ?? [];
    expect(endedAt).toMatch(TIME);
    expect(Date.parse(endedAt)).toBeGreaterThan(Date.parse(silent.last_heartbeat) + 2_500);

    await beat(skill_id);
    expect(await status(skill_id)).toMatchObject({ health: 'healthy', endpoints: [{ health: 'healthy', lease: {} }] });
    expect((await api.get(`/skills/discover?name=${body.name}`)).body.data.total).toBe(1);
    const events = await app.database.query<{ event: string; actor: string }>(
      `SELECT event, actor FROM skill_events WHERE skill_id = $1 ORDER BY created_at, id`,
      [skill_id],
    );
    expect(events).toEqual([
      { event: 'registered', actor: 'admin' },
      { event: 'endpoint_warning', actor: 'sweeper' },
      { event: 'endpoint_unhealthy', actor: 'sweeper' },
      { event: 'endpoint_healthy', actor: 'admin' },
    ]);
  });

  it('counts the uptime from the oldest registration that is alive', async () => {
    const { name } = skillBody();
    const { skill_id } = await register(skillBody({ name, endpoints: [{ url: 'http://up/1' }] }));
    await until(async () => {
      await beat(skill_id);
      return (await status(skill_id)).uptime >= 2;
    });
    await register(skillBody({ name, endpoints: [{ url: 'http://up/2' }] }));
    expect((await status(skill_id)).uptime).toBeGreaterThanOrEqual(2);
    await register(skillBody({ name, endpoints: [{ url: 'http://up/1' }] }));
    expect((await status(skill_id)).uptime).toBeLessThan(2);
  });
});
