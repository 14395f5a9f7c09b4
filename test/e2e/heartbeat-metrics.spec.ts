import { HeartbeatJournal } from '../../libs/registry-heartbeat/src/heartbeats/heartbeat-journal.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf } from './api.js';

describe('what members measure of themselves', () => {
  let app: TestApp;
  let api: Api;
  beforeAll(async () => {
    app = await startTestApp();
    api = apiOf(app);
  });
  afterAll(() => app.close());

  const URLS = ['http://m/1', 'http://m/2'] as const;
  const registered = async () => {
    const { body } = await api.post('/skills/register', skillBody({ endpoints: URLS.map((url) => ({ url })) }));
    return body.data.skill_id as string;
  };
  const beat = (skillId: string, body: object) => api.post(`/skills/${skillId}/heartbeat`, body).expect(200);
  const flush = () => app.app.get(HeartbeatJournal).flush();
  const stored = async (skillId: string) => {
    const [row] = await app.database.query(
      `SELECT uptime, request_count, error_count, cpu_usage, memory_usage FROM skill_status WHERE skill_id = $1`,
      [skillId],
    );
    return row;
  };
  /** When something was written of what a member measured. */
  const checked = async (skillId: string) =>
    await app.database.query('SELECT updated_at, last_check FROM skill_status WHERE skill_id = $1', [skillId]);

  it('of a Skill as a whole is stored, and shown in its status', async () => {
    const skillId = await registered();
    const { updated_at } = (await api.get(`/skills/${skillId}`)).body;
    await beat(skillId, { uptime: 12.9, request_count: 20, error_count: 3, cpu_usage: 12.345, memory_usage: 0 });
    await flush();
    expect(await stored(skillId)).toEqual({
      uptime: 12,
      request_count: 20,
      error_count: 3,
      cpu_usage: 12.35,
      memory_usage: 0,
    });
    expect((await api.get(`/skills/${skillId}/status`)).body.data).toMatchObject({
      request_count: 20,
      error_count: 3,
      cpu_usage: 12.35,
      memory_usage: 0,
    });
    expect((await api.get(`/skills/${skillId}`)).body.updated_at).toBe(updated_at);
  });

  it('of each endpoint is summed up: counts add, percents are averaged, the oldest counts', async () => {
    const skillId = await registered();
    const [first, second] = URLS;
    await beat(skillId, { endpoint_url: first, uptime: 10, request_count: 19, error_count: 1, cpu_usage: 10 });
    await beat(skillId, { endpoint_url: first, request_count: 20 });
    await beat(skillId, { endpoint_url: second, uptime: 70, request_count: 2, error_count: 0, cpu_usage: 20 });
    await flush();
    const both = { uptime: 70, request_count: 22, error_count: 1, cpu_usage: 15, memory_usage: null };
    expect(await stored(skillId)).toEqual(both);
    await beat(skillId, { endpoint_url: first, request_count: 25, memory_usage: 30 });
    await flush();
    expect(await stored(skillId)).toEqual({ ...both, request_count: 27, memory_usage: 30 });
  });

  it('is kept until it is said anew, and what comes last before a write holds', async () => {
    const skillId = await registered();
    await beat(skillId, { request_count: 5, cpu_usage: 1 });
    await beat(skillId, { request_count: 6 });
    await beat(skillId, {});
    await flush();
    await beat(skillId, { health: 'warning' });
    await flush();
    expect(await stored(skillId)).toMatchObject({ request_count: 6, cpu_usage: 1 });
  });

  it('takes the largest and the smallest numbers', async () => {
    const skillId = await registered();
    const most = Number.MAX_SAFE_INTEGER;
    const large = { uptime: 31_557_600_000, request_count: most, error_count: most, cpu_usage: 100, memory_usage: 100 };
    await beat(skillId, { ...large, endpoint_url: URLS[0] });
    await beat(skillId, { ...large, endpoint_url: URLS[1] });
    await flush();
    expect(await stored(skillId)).toMatchObject({ uptime: 31_557_600_000, request_count: 2 * most });
    expect((await api.get(`/skills/${skillId}/status`)).body.data.request_count).toBe(2 * most);
    await beat(skillId, { uptime: 5e-324, request_count: 0, error_count: -0, cpu_usage: 5e-324, memory_usage: 1e-40 });
    await flush();
    const nothing = { uptime: 0, request_count: 0, error_count: 0, cpu_usage: 0, memory_usage: 0 };
    expect(await stored(skillId)).toEqual(nothing);
  });

  it('comes with many heartbeats at once as with one', async () => {
    const [one, two] = [await registered(), await registered()];
    const heartbeats = [
      { skill_id: one, request_count: 1 },
      { skill_id: two, endpoint_url: URLS[0], request_count: 2 },
      { skill_id: two, endpoint_url: URLS[1], request_count: 3 },
      { skill_id: one, request_count: 4 },
    ];
    await api.post('/heartbeats', { heartbeats }).expect(200);
    await flush();
    expect([await stored(one), await stored(two)]).toMatchObject([{ request_count: 4 }, { request_count: 5 }]);
  });

  it('is not written where nothing was measured', async () => {
    const skillId = await registered();
    const before = await checked(skillId);
    await beat(skillId, {});
    await beat(skillId, { endpoint_url: URLS[0], health: 'healthy' });
    await flush();
    expect(await checked(skillId)).toEqual(before);
    const heartbeats = [{ skill_id: skillId }, { skill_id: skillId, endpoint_url: URLS[1] }];
    await api.post('/heartbeats', { heartbeats }).expect(200);
    await flush();
    expect(await checked(skillId)).toEqual(before);
  });
});
