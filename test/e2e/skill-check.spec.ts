import { answer, BEHAVIOURS, SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiOf, expectError, NOBODY, UUID } from './api.js';

const UP = answer({ status: 'healthy' });

describe('a check of a Skill', () => {
  let app: TestApp;
  let api: Api;
  let server: SkillServer;
  beforeAll(async () => {
    // No probes but those that are asked for.
    app = await startTestApp({ env: { PROBE_TIMEOUT: '800' } });
    api = apiOf(app);
    server = await SkillServer.start(UP);
  }, 300_000);
  afterAll(async () => {
    await app.close();
    await server.stop();
  });
  beforeEach(() => {
    server.behaviour = UP;
    server.calls.length = 0;
  });

  const create = async (by: Api, overrides: Parameters<typeof skillBody>[0] = {}) => {
    const { body } = await by
      .post('/skills', skillBody({ endpoints: [{ url: server.url }], ...overrides }))
      .expect(201);
    return body.skill_id as string;
  };

  /** The checks of a Skill that have begun. */
  const checksOf = (skillId: string) =>
    app.database.query<{ actor: string }>(
      `SELECT actor FROM audit_entries WHERE action = 'skill.check' AND target = $1`,
      [`skill:${skillId}`],
    );

  it('probes every active endpoint, and tells what it found', async () => {
    const skillId = await create(api, {
      endpoints: [
        { url: server.url },
        { url: `${server.url}/inactive`, status: 'inactive' },
        { url: 'http://127.0.0.1:1/' },
      ],
    });
    const { body } = await api.post(`/skills/${skillId}/check/`).expect(200);
    expect(body).toEqual({
      code: 0,
      message: 'success',
      data: {
        skill_id: skillId,
        id: skillId,
        endpoints: [
          {
            endpoint_id: expect.stringMatching(UUID),
            url: server.url,
            result: 'healthy',
            reason: null,
            latency_ms: expect.any(Number),
            health: 'healthy',
          },
          {
            endpoint_id: expect.stringMatching(UUID),
            url: 'http://127.0.0.1:1/',
            result: 'unhealthy',
            reason: 'no connection could be made',
            latency_ms: expect.any(Number),
            health: 'warning',
          },
        ],
      },
    });
    expect(server.calls).toHaveLength(1);
    await api.post(`/skills/${skillId}/check`).expect(200);
    const third = await api.post(`/skills/${skillId}/check`).expect(200);
    expect(third.body.data.endpoints).toMatchObject([{ health: 'healthy' }, { health: 'unhealthy' }]);
    expect(await checksOf(skillId)).toEqual([{ actor: 'admin' }, { actor: 'admin' }, { actor: 'admin' }]);
  });

  it('is shared by all that come at the same time', async () => {
    const skillId = await create(api);
    // An answer before the last of them has begun would be too old for that one.
    const begun = until(async () => (await checksOf(skillId)).length === 8);
    server.behaviour = (call, response) => {
      void begun.then(() => {
        UP(call, response);
      });
    };
    const checks = Array.from({ length: 8 }, () => api.post(`/skills/${skillId}/check`));
    const [answers] = await Promise.all([Promise.all(checks), begun]);
    for (const { body } of answers) expect(body.data.endpoints).toMatchObject([{ result: 'healthy' }]);
    expect(server.calls).toHaveLength(1);
  });

  it('is for the owner and for managers of all Skills, in the Space of the Skill', async () => {
    const owner = apiOf(app, (await app.client('publisher')).token);
    const skillId = await create(owner);
    await owner.post(`/skills/${skillId}/check`).expect(200);
    const of = async (...client: Parameters<TestApp['client']>) => {
      const by = apiOf(app, (await app.client(...client)).token);
      return by.post(`/skills/${skillId}/check`);
    };
    expect((await of('operator')).status).toBe(200);
    expectError(await of('publisher'), 403, 1003);
    expectError(await of('agent'), 403, 1003);
    expectError(await of('operator', 'elsewhere'), 404, 1004);
    expectError(await api.post(`/skills/${NOBODY}/check`), 404, 1004);
    expectError(await api.post('/skills/x/check'), 404, 1004);
    expect(server.calls).toHaveLength(2);
  });

  it('bounds how long it takes, however many endpoints hang', async () => {
    server.behaviour = BEHAVIOURS.hangs;
    const skillId = await create(api, {
      endpoints: Array.from({ length: 64 }, (_, index) => ({ url: `${server.url}/${index}` })),
    });
    const began = performance.now();
    const { body } = await api.post(`/skills/${skillId}/check`).expect(200);
    expect(performance.now() - began).toBeLessThan(4_000);
    const reasons = (body.data.endpoints as { reason: string }[]).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['no complete answer within 800 ms']));
    expect(reasons).toHaveLength(64);
  });
});
