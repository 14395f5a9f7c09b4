import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { answer, BEHAVIOURS, type Behaviour, SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { flood, frame, PING, SocketSkill } from '../support/socket-skill.js';
import { until } from '../support/until.js';
import { type Api, apiOf, expectError, TIME } from './api.js';
import { commandId } from './calls.js';
import { dripping, passIntervals } from './probe-rounds.js';

/** Seconds; so long that only `probe` makes a probe due. */
const INTERVAL = 3_600;
const ENV = {
  PROBE_INTERVAL: String(INTERVAL),
  PROBE_TIMEOUT: '400',
  PROBE_FAILURES: '3',
  PROBE_SUCCESSES: '2',
  PROBE_HOST_RATE: '0',
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
  const probe = (times = 1, replicas = [app]) => passIntervals(replicas, times);
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
    await probe();
    const { health: overall, endpoints } = await status(skillId);
    expect([overall, endpoints[0]?.lease]).toEqual(['healthy', null]);
    expect(endpoints[0]?.probe).toEqual({
      result: 'healthy',
      reason: null,
      probed_at: expect.stringMatching(TIME),
      latency_ms: expect.any(Number),
    });
    server.behaviour = BEHAVIOURS.fails;
    for (const health of ['warning', 'warning', 'unhealthy']) {
      expect((await discovered(name)).total).toBe(1);
      await probe();
      expect(await healthOf(skillId)).toBe(health);
    }
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
      { event: 'endpoint_healthy', actor: 'prober' },
      { event: 'endpoint_warning', actor: 'prober' },
      { event: 'endpoint_unhealthy', actor: 'prober' },
    ]);
    // Read once, so that the cache knows it.
    expect((await api.get(`/skills/${skillId}`)).body.endpoints[0].health).toBe('unhealthy');
    server.behaviour = UP;
    await probe();
    expect(await healthOf(skillId)).toBe('unhealthy');
    await probe();
    expect(server.calls).toHaveLength(6);
    expect((await api.get(`/skills/${skillId}`)).body.endpoints[0].health).toBe('healthy');
    expect((await discovered(name)).total).toBe(1);
    server.behaviour = BEHAVIOURS.echo;
    await execute(skillId).expect(200);
  });

  it('come within seconds for a new endpoint, which is in warning until then', async () => {
    const [up, down, added] = [await serve(), await serve(BEHAVIOURS.fails), await serve()];
    const { skillId, name } = await create([{ url: up.url }, { url: down.url }]);
    expect([(await status(skillId)).health, (await discovered(name)).total]).toEqual(['warning', 1]);
    const healths = async () => (await status(skillId)).endpoints.map(({ health, probe }) => [health, probe?.result]);
    const become = (...all: string[][]) => until(async () => JSON.stringify(await healths()) === JSON.stringify(all));
    await become(['healthy', 'healthy'], ['warning', 'unhealthy']);
    const endpoints = [up, down, added].map(({ url }) => ({ url }));
    const { body } = await api.patch(`/skills/${skillId}`, { endpoints }).expect(200);
    expect(body.endpoints).toMatchObject([{ health: 'healthy' }, { health: 'warning' }, { health: 'warning' }]);
    await become(['healthy', 'healthy'], ['warning', 'unhealthy'], ['healthy', 'healthy']);
  });

  it('look at what is switched on only', async () => {
    const [active, inactive, asleep] = [await serve(), await serve(), await serve()];
    await create([{ url: active.url }, { url: inactive.url, status: 'inactive' }]);
    const { skillId: other } = await create([{ url: asleep.url }]);
    await api.put(`/skills/${other}/status`, { status: 'maintenance' }).expect(200);
    await probe(2);
    expect([active, inactive, asleep].map(({ calls }) => calls.length)).toEqual([2, 0, 0]);
    await api.put(`/skills/${other}/status`, { status: 'active' }).expect(200);
    await probe();
    expect([active, inactive, asleep].map(({ calls }) => calls.length)).toEqual([3, 0, 1]);
  });

  it('find out how an endpoint is, and tell the reason', async () => {
    const cases: [Behaviour, string, string | null][] = [
      [BEHAVIOURS.babbles, 'healthy', null],
      [answer({ status: 'sk-secret' }), 'healthy', null],
      [answer({ status: 'OUT_OF_SERVICE' }, 503), 'unhealthy', 'it answers 503: it says that it is "out_of_service"'],
      [answer({ status: 'DEGRADED' }), 'warning', 'it says that it is "degraded"'],
      [answer({ status: 'down' }), 'unhealthy', 'it says that it is "down"'],
      [BEHAVIOURS.hangs, 'unhealthy', 'no complete answer within 400 ms'],
      [dripping, 'unhealthy', 'no complete answer within 400 ms'],
      [BEHAVIOURS.resets, 'unhealthy', 'it ended the connection without an answer'],
      [BEHAVIOURS.breaksOff, 'unhealthy', 'it ended the connection in the middle of its answer'],
      [BEHAVIOURS.floods, 'unhealthy', 'its answer is longer than 65536 bytes'],
      [BEHAVIOURS.redirects, 'unhealthy', 'it answers 302, and redirects are not followed'],
      [answer({}, 410), 'unhealthy', 'it answers 410'],
      [answer({}, 401), 'healthy', 'it answers, with 401: it has no health check'],
      [answer({}, 404), 'healthy', 'it answers, with 404: it has no health check'],
    ];
    const all = await Promise.all(cases.map(([behaviour]) => serve(behaviour)));
    const { skillId } = await create(all.map(({ url }) => ({ url })));
    const expected = cases.map(([, result, reason], index) => [all[index]?.url, result, result, reason]);
    const found = async () =>
      (await status(skillId)).endpoints.map(({ url, health, probe }) => [url, health, probe?.result, probe?.reason]);
    await probe(3);
    expect((await found()).toSorted()).toEqual(expected.toSorted());
    for (const { probe } of (await status(skillId)).endpoints) expect(probe?.latency_ms).toBeLessThan(1_000);
    expect((await status(skillId)).health).toBe('warning');
  });

  it('find what nobody serves, and what must not be called', async () => {
    const server = await serve();
    await server.stop();
    const { skillId } = await create([{ url: server.url }]);
    const { skillId: forbidden } = await create([{ url: 'http://169.254.169.254/latest' }]);
    await probe();
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
    await probe();
    expect(await probeOf(skillId)).toMatchObject({ result: 'healthy' });
    expect(server.calls[0]).toMatchObject({ method: 'GET', path: '/base/alive?tenant=7&deep=true' });
    // As an older release took it.
    await app.database.query(
      `UPDATE endpoint_params SET value = E'bad\\nvalue', secret = false WHERE key = 'authorization'
       AND endpoint_id IN (SELECT id FROM skill_endpoints WHERE skill_id = $1)`,
      [skillId],
    );
    await probe();
    expect(await probeOf(skillId)).toMatchObject({ result: 'unhealthy', reason: 'its parameters cannot be sent' });
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
    await probe();
    await until(() => codes.length > 0);
    expect(codes).toEqual([1000]);
    expect(await probeOf(skillId)).toMatchObject({ result: 'healthy', reason: null });
    sockets.close();
    server.closeAllConnections();
    server.close();
    await probe(3);
    expect(await healthOf(skillId)).toBe('unhealthy');
  });

  it('read little of a ws endpoint that floods', async () => {
    const flooding = await SocketSkill.start();
    const written: Promise<number>[] = [];
    flooding.onConnection = (stream) => {
      stream.on('error', () => undefined);
      written.push(flood(stream, frame(PING, 'x')));
    };
    const { skillId } = await create([{ url: flooding.url }]);
    await probe();
    expect(await probeOf(skillId)).toMatchObject({ result: 'healthy' });
    // Buffers of the network hold some megabytes that nobody reads.
    expect(await written[0]).toBeLessThan(32 * 2 ** 20);
    flooding.stop();
    await probe(3);
    expect(await healthOf(skillId)).toBe('unhealthy');
  });

  it('leave an endpoint to its lease from its first heartbeat on', async () => {
    const server = await serve(BEHAVIOURS.fails);
    const { skillId } = await create([{ url: server.url }]);
    await probe(3);
    expect(await healthOf(skillId)).toBe('unhealthy');
    await api.post(`/skills/${skillId}/heartbeat`).expect(200);
    expect(await healthOf(skillId)).toBe('healthy');
    await probe(2);
    expect(server.calls).toHaveLength(3);
    expect(await healthOf(skillId)).toBe('healthy');
    const { body } = await api.post(`/skills/${skillId}/check`);
    expect(body.data.endpoints).toMatchObject([{ result: 'unhealthy', reason: 'it answers 500', health: 'healthy' }]);
  });

  it('come once an interval, no matter which of two replicas is first', async () => {
    const other = await startTestApp({ env: ENV, database: app.database });
    const all = await Promise.all(Array.from({ length: 12 }, () => serve()));
    await Promise.all(all.map(({ url }) => create([{ url }])));
    for (let round = 1; round <= 4; round += 1) {
      await probe(1, [app, other]);
      expect(all.map(({ calls }) => calls.length)).toEqual(all.map(() => round));
    }
    await other.close();
    const untimely = await app.database.query(
      `SELECT FROM endpoint_probes
       WHERE next_probe_at - updated_at NOT BETWEEN interval '0.94 hours' AND interval '1.06 hours'`,
    );
    expect(untimely).toEqual([]);
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
