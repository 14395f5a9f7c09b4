import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { answer, BEHAVIOURS, type Behaviour, SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Api, apiOf, expectError, NOBODY, TIME, UUID } from './api.js';
import { commandId } from './calls.js';

const INTERVAL = 1;
const ENV = {
  PROBE_INTERVAL: String(INTERVAL),
  PROBE_TIMEOUT: '400',
  PROBE_FAILURES: '3',
  PROBE_SUCCESSES: '2',
  COMMAND_BREAKER_PAUSE: '1500',
  COMMAND_TRY_TIMEOUT: '300',
};
const UP = answer({ status: 'healthy' });

type Endpoints = NonNullable<Parameters<typeof skillBody>[0]>['endpoints'];

interface ProbedStatus {
  health: string;
  endpoints: {
    url: string;
    health: string;
    lease: object | null;
    probe: { result: string; reason: string | null; probed_at: string; latency_ms: number } | null;
  }[];
}

describe('probes', () => {
  let app: TestApp;
  let api: Api;
  let agent: Api;
  let servers: SkillServer[] = [];
  beforeAll(async () => {
    app = await startTestApp({ env: ENV });
    api = apiOf(app);
    agent = apiOf(app, (await app.client('agent')).token);
  }, 300_000);
  afterAll(() => app.close());
  afterEach(async () => {
    await app.database.query('DELETE FROM skills');
    await Promise.all(servers.map((server) => server.stop()));
    servers = [];
  });

  const serve = async (behaviour: Behaviour = UP) => {
    const server = await SkillServer.start(behaviour);
    servers.push(server);
    return server;
  };
  /** One that was never heard from. */
  const create = async (endpoints: Endpoints, by: Api = api) => {
    const { body } = await by.post('/skills', skillBody({ endpoints })).expect(201);
    return { skillId: body.skill_id as string, name: body.name as string };
  };
  const status = async (skillId: string) =>
    (await api.get(`/skills/${skillId}/status`).expect(200)).body.data as ProbedStatus;
  const probeOf = async (skillId: string) => (await status(skillId)).endpoints[0]?.probe ?? null;
  const healthOf = async (skillId: string) => (await status(skillId)).endpoints[0]?.health;
  const discovered = async (name: string, query = '') =>
    (await api.get(`/skills/discover?name=${name}${query}`).expect(200)).body.data as {
      total: number;
      explain?: { reason: string }[];
    };
  const untilProbed = (skillId: string) => until(async () => (await probeOf(skillId)) !== null);
  const untilHealth = (skillId: string, health: string) => until(async () => (await healthOf(skillId)) === health);
  const check = async (skillId: string, by: Api = api) => by.post(`/skills/${skillId}/check`);
  const execute = (skillId: string) =>
    agent.post('/commands/execute', {
      command_id: commandId(),
      skill_id: skillId,
      capability_id: 'forecast',
      parameters: { city: 'Berlin' },
    });

  it('take a static endpoint that dies out of discovery and routing, say why, and bring it back', async () => {
    const server = await serve();
    const { skillId, name } = await create([{ url: server.url }]);
    await untilProbed(skillId);
    expect(await status(skillId)).toMatchObject({
      health: 'healthy',
      endpoints: [
        {
          lease: null,
          probe: {
            result: 'healthy',
            reason: null,
            probed_at: expect.stringMatching(TIME),
            latency_ms: expect.any(Number),
          },
        },
      ],
    });
    server.behaviour = BEHAVIOURS.fails;
    await untilHealth(skillId, 'warning');
    expect((await discovered(name)).total).toBe(1);
    await untilHealth(skillId, 'unhealthy');
    const { total, explain } = await discovered(name, '&explain=true');
    expect(total).toBe(0);
    expect(explain?.map(({ reason }) => reason)).toEqual([
      `${server.url} is unhealthy: its probes fail: it answers 500`,
    ]);
    expectError(await execute(skillId), 503, 2003);
    const found = await app.database.query<{ event: string; actor: string }>(
      `SELECT event, actor FROM skill_events WHERE skill_id = $1 AND event LIKE 'endpoint_%' ORDER BY created_at`,
      [skillId],
    );
    expect(found).toEqual([
      { event: 'endpoint_warning', actor: 'prober' },
      { event: 'endpoint_unhealthy', actor: 'prober' },
    ]);
    // Read once, so that the cache knows it.
    expect((await api.get(`/skills/${skillId}`)).body.endpoints[0].health).toBe('unhealthy');
    const calls = server.calls.length;
    server.behaviour = UP;
    await untilHealth(skillId, 'healthy');
    expect(server.calls.length - calls).toBeGreaterThanOrEqual(2);
    expect((await api.get(`/skills/${skillId}`)).body.endpoints[0].health).toBe('healthy');
    expect((await discovered(name)).total).toBe(1);
    server.behaviour = BEHAVIOURS.echo;
    await execute(skillId).expect(200);
  });

  it('look at what is switched on only', async () => {
    const [active, inactive, asleep] = [await serve(), await serve(), await serve()];
    const { skillId } = await create([{ url: active.url }, { url: inactive.url, status: 'inactive' }]);
    const { skillId: other } = await create([{ url: asleep.url }]);
    await api.put(`/skills/${other}/status`, { status: 'maintenance' }).expect(200);
    const before = asleep.calls.length;
    await untilProbed(skillId);
    await until(() => active.calls.length > 2);
    expect(inactive.calls).toEqual([]);
    expect(asleep.calls.length).toBeLessThanOrEqual(before + 1);
    await api.put(`/skills/${other}/status`, { status: 'active' }).expect(200);
    await until(() => asleep.calls.length > before + 1);
  });

  it.each<[string, Behaviour, string, string]>([
    ['a web page', BEHAVIOURS.babbles, 'warning', 'it answers 200 without a JSON object'],
    ['an unknown status', answer({ status: 'sk-secret' }), 'warning', 'with a JSON object without a known status'],
    ['"degraded"', answer({ status: 'DEGRADED' }), 'warning', 'it says that it is "degraded"'],
    ['"down"', answer({ status: 'down' }), 'unhealthy', 'it says that it is "down"'],
    ['nothing in time', BEHAVIOURS.hangs, 'unhealthy', 'no whole answer within 400 ms'],
    ['a drop at a time', dripping, 'unhealthy', 'no whole answer within 400 ms'],
    ['a reset', BEHAVIOURS.resets, 'unhealthy', 'it ended the connection without an answer'],
    ['half an answer', BEHAVIOURS.breaksOff, 'unhealthy', 'it ended the connection in the middle of its answer'],
    ['50 MB', BEHAVIOURS.floods, 'unhealthy', 'its answer is longer than 65536 bytes'],
    ['a redirect', BEHAVIOURS.redirects, 'unhealthy', 'it answers 302, and redirects are not followed'],
    ['401', answer({}, 401), 'unhealthy', 'it answers 401'],
    ['no such path, which nobody chose', answer({}, 404), 'healthy', 'it answers, with 404: it has no health check'],
  ])('find an endpoint that answers %s, and tell the reason', async (_, behaviour, result, reason) => {
    const server = await serve(behaviour);
    const { skillId } = await create([{ url: server.url }]);
    await untilProbed(skillId);
    const probe = await probeOf(skillId);
    expect(probe).toMatchObject({ result, reason: expect.stringContaining(reason) });
    expect(probe?.latency_ms).toBeLessThan(1_000);
    await untilHealth(skillId, result === 'healthy' ? 'healthy' : result);
  });

  it('find what nobody serves, and what must not be called', async () => {
    const server = await serve();
    await server.stop();
    const { skillId } = await create([{ url: server.url }]);
    const { skillId: forbidden } = await create([{ url: 'http://169.254.169.254/latest' }]);
    await Promise.all([untilProbed(skillId), untilProbed(forbidden)]);
    expect(await probeOf(skillId)).toMatchObject({ result: 'unhealthy', reason: 'no connection could be made' });
    expect((await probeOf(forbidden))?.reason).toBe(
      'its address must not be called from here (OUTBOUND_ALLOWED_CIDRS)',
    );
  });

  it('ask as the parameters of the endpoint say, with their secrets, and show none', async () => {
    const server = await serve((call, response) => {
      const authorized = call.headers.authorization === 'Bearer of-the-skill';
      answer({ status: 'ok' }, authorized ? 200 : 401)(call, response);
    });
    const { skillId } = await create([
      {
        url: `${server.url}/base/?tenant=7`,
        parameters: {
          health_path: '/alive?deep=true',
          authorization: { value: 'Bearer of-the-skill', secret: true },
        },
      },
    ]);
    await untilProbed(skillId);
    expect(await probeOf(skillId)).toMatchObject({ result: 'healthy' });
    expect(server.calls[0]).toMatchObject({ method: 'GET', path: '/base/alive?tenant=7&deep=true' });
    await api
      .patch(`/skills/${skillId}`, {
        endpoints: [
          { url: `${server.url}/base/?tenant=7`, parameters: { authorization: { value: 'bad\nvalue', secret: true } } },
        ],
      })
      .expect(200);
    await until(async () => (await probeOf(skillId))?.result === 'unhealthy');
    expect((await probeOf(skillId))?.reason).toBe('its parameters cannot be sent');
    expect(JSON.stringify([await status(skillId), app.logs])).not.toMatch(/of-the-skill|bad.{1,2}value/);
  });

  it('open a WebSocket of a ws endpoint, and close it', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    const sockets = new WebSocketServer({ server });
    const codes: number[] = [];
    sockets.on('connection', (socket) => socket.on('close', (code) => codes.push(code)));
    await until(() => server.listening);
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
    const { skillId } = await create([{ url }]);
    await until(() => codes.length > 0);
    expect(codes[0]).toBe(1000);
    await untilProbed(skillId);
    expect(await probeOf(skillId)).toMatchObject({ result: 'healthy', reason: null });
    sockets.close();
    server.closeAllConnections();
    server.close();
    await untilHealth(skillId, 'unhealthy');
  });

  it('leave an endpoint to its lease from its first heartbeat on', async () => {
    const server = await serve(BEHAVIOURS.fails);
    const { skillId } = await create([{ url: server.url }]);
    await untilHealth(skillId, 'unhealthy');
    await api.post(`/skills/${skillId}/heartbeat`).expect(200);
    expect(await healthOf(skillId)).toBe('healthy');
    await delay(INTERVAL * 1_000 + 500);
    const { length } = server.calls;
    await delay(INTERVAL * 2_000);
    expect(server.calls).toHaveLength(length);
    expect(await healthOf(skillId)).toBe('healthy');
    const { body } = await check(skillId);
    expect(body.data.endpoints).toMatchObject([{ result: 'unhealthy', reason: 'it answers 500', health: 'healthy' }]);
  });

  it('come once an interval, whoever of two replicas is first', async () => {
    const other = await startTestApp({ env: ENV, database: app.database });
    const all = await Promise.all(Array.from({ length: 20 }, () => serve()));
    const ids = await Promise.all(all.map(async ({ url }) => (await create([{ url }])).skillId));
    await Promise.all(ids.map(untilProbed));
    const before = all.map(({ calls }) => calls.length);
    const began = performance.now();
    await delay(4_000);
    const after = all.map(({ calls }, index) => calls.length - (before[index] ?? 0));
    const intervals = (performance.now() - began) / 1_000 / INTERVAL;
    await other.close();
    for (const count of after) {
      expect(count).toBeGreaterThanOrEqual(Math.floor(intervals / 2));
      expect(count).toBeLessThanOrEqual(Math.ceil(intervals / 0.95) + 1);
    }
  });

  it('close a circuit that has opened, before any call tries it', async () => {
    const server = await serve();
    const calls = () => server.calls.filter(({ method }) => method === 'POST').length;
    let works = false;
    server.behaviour = (call, response) => {
      if (call.method === 'GET') (works ? UP : BEHAVIOURS.fails)(call, response);
      else (works ? BEHAVIOURS.echo : BEHAVIOURS.resets)(call, response);
    };
    const { body } = await api.post('/skills/register', skillBody({ endpoints: [{ url: server.url }] })).expect(200);
    const skillId = body.data.skill_id as string;
    for (let n = 0; n < 6; n += 1) await execute(skillId);
    const before = calls();
    expectError(await execute(skillId), 503, 2003);
    expect(calls()).toBe(before);
    works = true;
    expect((await app.http.get('/metrics')).text).toContain('command_endpoints{circuit="open"} 1');
    await until(async () => (await app.http.get('/metrics')).text.includes('command_endpoints{circuit="open"} 0'));
    expect(calls()).toBe(before);
    expect(server.calls.filter(({ method }) => method === 'GET')).not.toHaveLength(0);
    await execute(skillId).expect(200);
    expect(await probeOf(skillId)).toMatchObject({ result: 'healthy' });
  });

  it('show in the metrics', async () => {
    const { text } = await app.http.get('/metrics');
    expect(text).toMatch(/^probes_total\{result="healthy"\} [1-9]/m);
    expect(text).toMatch(/^probes_total\{result="warning"\} \d/m);
    expect(text).toMatch(/^probe_duration_seconds_count [1-9]/m);
    expect(text).toMatch(/^probe_due_lag_seconds \d/m);
  });
});

/** Alive, and never done. */
function dripping(...[, response]: Parameters<Behaviour>): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const drops = setInterval(() => response.write(' '), 50);
  response.on('close', () => {
    clearInterval(drops);
  });
}

describe('a check', () => {
  let app: TestApp;
  let api: Api;
  let server: SkillServer;
  beforeAll(async () => {
    // No probes but those that are asked for.
    app = await startTestApp({ env: { PROBE_TIMEOUT: '400' } });
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
    const entries = await app.database.query<{ actor: string }>(
      `SELECT actor FROM audit_entries WHERE action = 'skill.check' AND target = $1`,
      [`skill:${skillId}`],
    );
    expect(entries).toEqual([{ actor: 'admin' }, { actor: 'admin' }, { actor: 'admin' }]);
  });

  it('is shared by all that come at the same time', async () => {
    server.behaviour = (call, response) => {
      setTimeout(() => {
        UP(call, response);
      }, 200);
    };
    const skillId = await create(api);
    const answers = await Promise.all(Array.from({ length: 8 }, () => api.post(`/skills/${skillId}/check`)));
    for (const { body } of answers) expect(body.data.endpoints).toMatchObject([{ result: 'healthy' }]);
    expect(server.calls).toHaveLength(1);
  });

  it('is for the owner and for whoever manages all, where the Skill lives', async () => {
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
    expectError(await api.post('/skills/x/check'), 400, 1001);
    expect(server.calls).toHaveLength(2);
  });

  it('bounds how long it takes, however many endpoints hang', async () => {
    server.behaviour = BEHAVIOURS.hangs;
    const skillId = await create(api, {
      endpoints: Array.from({ length: 100 }, (_, index) => ({ url: `${server.url}/${index}` })),
    });
    const began = performance.now();
    const { body } = await api.post(`/skills/${skillId}/check`).expect(200);
    expect(performance.now() - began).toBeLessThan(4_000);
    const reasons = (body.data.endpoints as { reason: string }[]).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['no whole answer within 400 ms']));
    expect(reasons).toHaveLength(100);
  });
});
