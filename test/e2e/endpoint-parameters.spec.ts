import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { Enrolment } from '../../libs/probes/src/enrolment.js';
import { makeCertificate, readPair } from '../support/certificate.js';
import { endOutbound, listen } from '../support/outbound.js';
import { answerTo } from '../support/socket-skill.js';
import { answer, BEHAVIOURS, type Behaviour, SkillServer } from '../support/skill-server.js';
import { skillBody } from '../support/skill.factory.js';
import { SocketSkill } from '../support/socket-skill.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { type Api, apiOf, expectError } from './api.js';
import { commandId } from './calls.js';
import { dripping, passIntervals } from './probe-rounds.js';

/** Seconds; so long that only `passIntervals` makes a probe due. */
const INTERVAL = 3_600;
const ENV = {
  PROBE_INTERVAL: String(INTERVAL),
  PROBE_TIMEOUT: '400',
  PROBE_HOST_RATE: '0',
};

type Endpoints = NonNullable<Parameters<typeof skillBody>[0]>['endpoints'];

describe('parameters of endpoints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'endpoint-cas-'));
  /** Self-signed. */
  const pair = readPair(makeCertificate(folder, '127.0.0.1', { names: 'IP:127.0.0.1' }));
  let app: TestApp;
  let api: Api;
  let servers: SkillServer[] = [];
  beforeAll(async () => {
    app = await startTestApp({ env: ENV });
    api = apiOf(app);
  }, 300_000);
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    endOutbound();
    await app.database.query('DELETE FROM skills');
    await Promise.all(servers.map((server) => server.stop()));
    servers = [];
  });

  const serve = async (behaviour: Behaviour = answer({ status: 'healthy' })) => {
    const server = await SkillServer.start(behaviour);
    servers.push(server);
    return server;
  };
  const create = async (endpoints: Endpoints) =>
    (await api.post('/skills', skillBody({ endpoints })).expect(201)).body.skill_id as string;
  const listProbes = async (skillId: string) =>
    ((await api.get(`/skills/${skillId}/status`).expect(200)).body.data.endpoints as { probe: object }[]).map(
      ({ probe }) => probe,
    );

  it('are refused on every way if the registry could not use them, with all reasons', async () => {
    const url = 'http://localhost:8001/used';
    const { skill_id } = (await api.post('/skills', skillBody({ endpoints: [{ url }] })).expect(201)).body;
    const refused = async (
      parameters: NonNullable<NonNullable<Endpoints>[number]['parameters']>,
      reasons: RegExp[],
    ) => {
      const endpoints = [{ url, parameters }];
      const answers = [
        await api.post('/skills', skillBody({ endpoints })),
        await api.post('/skills/register', skillBody({ endpoints })),
        await api.put(`/skills/${skill_id}`, skillBody({ endpoints })),
        await api.patch(`/skills/${skill_id}`, { endpoints }),
      ];
      for (const answer of answers) {
        const [fault, ...others] = expectError(answer, 400, 1001);
        expect(others).toEqual([]);
        expect(fault).toMatch(/^endpoints\.0\.parameters /);
        for (const reason of reasons) expect(fault).toMatch(reason);
      }
      const batch = await api.post('/skills/batch', { skills: [skillBody({ endpoints })] }).expect(200);
      expect(batch.body.data.results).toMatchObject([{ status: 'failed', code: 1001 }]);
    };
    const many = {
      timeout_ms: 'abc',
      method: 'GET',
      health_interval: '-1',
      health_status: '999',
      health_method: 'POST',
    };
    await refused(many, [
      /"timeout_ms" must be a whole number of milliseconds from 1 to 3600000/,
      /"method" must be POST, PUT or PATCH/,
      /"health_interval" must be a whole number of seconds from 1 to 86400/,
      /"health_status" must be status codes/,
      /"health_method" must be GET or HEAD/,
    ]);
    await refused({ timeout_ms: { value: 'sk-1', secret: true } }, [/^((?!sk-1).)*$/]);
    await refused({ health_interval: { value: '60', secret: true } }, [/"health_interval" must not be secret/]);
    await refused({ health_method: 'head', health_body: 'ok' }, [/"health_body" needs the "health_method" GET/]);
    const tooLong = `${pair.cert}${' '.repeat(16_384)}`;
    await refused({ tls_ca: 'x' }, [/"tls_ca" must be certificates in PEM/]);
    await refused({ tls_ca: '' }, [/"tls_ca" must be certificates in PEM/]);
    await refused({ tls_ca: pair.cert + pair.key }, [/"tls_ca" must be certificates in PEM, and nothing else/]);
    await refused({ tls_ca: pair.cert.replace(/\n.{16}/, '\nAAAAAAAAAAAAAAAA') }, [/"tls_ca" must be certificates/]);
    await refused({ tls_ca: tooLong }, [/"tls_ca" must have at most 16384 characters/]);
    await refused({ tls_ca: { value: 'sk-1', secret: true } }, [/^((?!sk-1).)*$/]);
    const fine = { timeout_ms: '1500', method: 'Put', health_status: '200, 401-403', health_interval: '60' };
    const { body } = await api.patch(`/skills/${skill_id}`, { endpoints: [{ url, parameters: fine }] }).expect(200);
    expect(body.endpoints[0].parameters).toEqual(fine);
  });

  it.each(['https', 'wss'])('name the CA of an endpoint, for checks, probes and calls (%s)', async (scheme) => {
    const server = createServer(pair, (_, response) =>
      response.end('{"status":"ok","code":0,"data":{"status":"completed"}}'),
    );
    new WebSocketServer({ server }).on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        socket.send(answerTo((JSON.parse(data.toString()) as { id: string }).id));
      });
    });
    const url = `${scheme}://127.0.0.1:${await listen(server)}`;
    // The mask keeps a secret value; Windows ends lines with both characters.
    const given = [pair.cert, { value: pair.cert.replaceAll('\n', '\r\n'), secret: true }, '***'];
    const fault =
      'its certificate is not trusted: self-signed (trust it with OUTBOUND_CA_FILE, or tls_ca of the endpoint)';
    const skillId = await create([{ url }]);
    const call = () =>
      api.post('/commands/execute', {
        command_id: commandId(),
        skill_id: skillId,
        capability: 'forecast',
        parameters: { city: 'Rome' },
      });
    const check = async () => (await api.post(`/skills/${skillId}/check`).expect(200)).body.data.endpoints as object[];
    expect(await check()).toMatchObject([{ result: 'unhealthy', reason: fault }]);
    expect(await listProbes(skillId)).toMatchObject([{ result: 'unhealthy', reason: fault }]);
    const refused = await call();
    expectError(refused, 503, 2003);
    expect(refused.body.message).toContain(`no connection to ${url}: ${fault}`);
    for (const tls_ca of given) {
      await api.patch(`/skills/${skillId}`, { endpoints: [{ url, parameters: { tls_ca } }] }).expect(200);
      expect(await check()).toMatchObject([{ result: 'healthy', reason: null }]);
      expect((await call().expect(200)).body.data).toMatchObject({ status: 'completed' });
    }
    await api.patch(`/skills/${skillId}`, { endpoints: [{ url }] }).expect(200);
    expectError(await call(), 503, 2003);
  });

  it('change what a probe and a check expect', async () => {
    const cases: [Behaviour, Record<string, string | number>, string, string | null][] = [
      [answer({}, 403), { health_status: '200,204,401-403' }, 'healthy', null],
      [answer({}, 404), { health_status: '200,204,401-403' }, 'unhealthy', 'it answers 404'],
      [answer({ db: 'up' }), { health_body: '"db":"up"' }, 'healthy', null],
      [answer({ db: 'no' }), { health_body: 'up' }, 'unhealthy', 'its answer does not contain the text of health_body'],
      [
        ({ method }, response) => response.writeHead(method === 'HEAD' ? 204 : 500).end(),
        { health_method: 'head' },
        'healthy',
        null,
      ],
      [dripping, { health_timeout_ms: 50 }, 'unhealthy', 'no complete answer within 50 ms'],
      [answering(600), { health_timeout_ms: '60000' }, 'healthy', null],
    ];
    const all = await Promise.all(cases.map(([behaviour]) => serve(behaviour)));
    const skillId = await create(cases.map(([, parameters], index) => ({ url: all[index]?.url ?? '', parameters })));
    const expected = cases.map(([, , result, reason]) => ({ result, reason }));
    await passIntervals([app]);
    expect(await listProbes(skillId)).toMatchObject(expected);
    const { body } = await api.post(`/skills/${skillId}/check`);
    expect(body.data.endpoints).toMatchObject(expected);
  });

  it('with "query." become part of the query of calls and probes, and a secret one stands nowhere else', async () => {
    const server = await serve(BEHAVIOURS.echo);
    const socket = await SocketSkill.start();
    const secret = 'hunter2&x=#4711';
    const parameters = {
      'query.api_key': { value: secret, secret: true as const },
      'query.v': '1',
      invoke_path: '/do?w=2',
    };
    const skillId = await create([{ url: `${server.url}/base?tenant=7`, parameters }]);
    const socketId = await create([{ url: socket.url, parameters: { 'query.api_key': parameters['query.api_key'] } }]);
    const call = {
      command_id: commandId(),
      skill_id: skillId,
      capability_id: 'forecast',
      parameters: { city: 'Berlin' },
    };
    const answers = [
      await api.post('/commands/execute', call),
      await api.post('/commands/execute', { ...call, command_id: commandId(), skill_id: socketId }),
      await api.post(`/skills/${skillId}/check`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await passIntervals([app]);
    const query = 'api_key=hunter2%26x%3D%234711';
    const paths = new Set(server.calls.map(({ path }) => path));
    expect(paths).toEqual(new Set([`/base/do?tenant=7&w=2&${query}&v=1`, `/base/health?tenant=7&${query}&v=1`]));
    expect(socket.paths).toContain(`/skill?${query}`);
    await server.stop();
    answers.push(
      await api.post('/commands/execute', { ...call, command_id: commandId() }),
      await api.post(`/skills/${skillId}/check`),
      await api.get(`/skills/${skillId}`),
      await api.get(`/skills/${skillId}/status`),
      await api.get('/commands/executions'),
      await api.get('/audit?page_size=100'),
    );
    expect(answers.at(-4)?.body.endpoints[0].parameters).toMatchObject({ 'query.api_key': '***', 'query.v': '1' });
    const shown = [...answers.map(({ text }) => text), ...app.logs].join('\n');
    expect(shown).not.toMatch(/hunter2|(#|%23)4711/);
    expectError(
      await api.post('/skills', skillBody({ endpoints: [{ url: server.url, parameters: { 'query.': 'x' } }] })),
      400,
      1001,
    );
    socket.stop();
  });

  it('of an older release stop no probe, call or other change, and the probe names them', async () => {
    const server = await serve();
    const skillId = await create([{ url: server.url, parameters: { note: 'x' } }]);
    await app.database.query(
      `INSERT INTO endpoint_params (id, endpoint_id, key, value)
       SELECT gen_random_uuid(), e.id, x.key, x.value FROM skill_endpoints e,
         (VALUES ('timeout_ms', 'abc'), ('method', 'GET'), ('health_interval', '-1'), ('health_status', '999'),
           ('health_method', 'POST'), ('health_timeout_ms', '1e9'), ('health_body', '')) AS x(key, value)
       WHERE e.skill_id = $1`,
      [skillId],
    );
    await passIntervals([app]);
    const names = 'timeout_ms, method, health_method, health_status, health_body, health_interval, health_timeout_ms';
    const reason = `these parameters are not valid: ${names}`;
    expect(await listProbes(skillId)).toMatchObject([{ result: 'healthy', reason }]);
    server.behaviour = BEHAVIOURS.floods;
    await passIntervals([app]);
    expect(await listProbes(skillId)).toMatchObject([{ reason: `its answer is longer than 65536 bytes; ${reason}` }]);
    // A change of something else is not refused for them.
    await api.patch(`/skills/${skillId}`, { description: 'New' }).expect(200);
    server.behaviour = BEHAVIOURS.echo;
    await api
      .post('/commands/execute', {
        command_id: commandId(),
        skill_id: skillId,
        capability_id: 'forecast',
        parameters: { city: 'Berlin' },
      })
      .expect(200);
  });

  it('set the interval of probes, but not below the least one', async () => {
    const intervals: [string | undefined, number][] = [
      ['7200', 7_200],
      ['1', 5],
      ['86400', 86_400],
      [undefined, INTERVAL],
    ];
    const server = await serve();
    const urls = intervals.map((_, index) => `${server.url}/${index}`);
    const parts = intervals.map(([health_interval], index) => ({
      url: urls[index] ?? '',
      ...(health_interval !== undefined && { parameters: { health_interval } }),
    }));
    const skillId = await create(parts);
    const isWithin = async (expected: number[]) => {
      const rows = await app.database.query<{ url: string; seconds: number }>(
        `SELECT e.url, extract(epoch FROM p.next_probe_at - p.updated_at)::float8 AS seconds
         FROM endpoint_probes p JOIN skill_endpoints e ON e.id = p.endpoint_id WHERE e.skill_id = $1`,
        [skillId],
      );
      return (
        rows.length === expected.length &&
        rows.every(({ url, seconds }) => seconds <= (expected[urls.indexOf(url)] ?? 0) * 1.06)
      );
    };
    await passIntervals([app]);
    expect(await isWithin(intervals.map(([, seconds]) => seconds))).toBe(true);
    expect(await isWithin([7_200, 5, 70_000, INTERVAL])).toBe(false);
    await api
      .patch(`/skills/${skillId}`, {
        endpoints: parts.map(({ url }) => ({ url, parameters: { health_interval: 60 } })),
      })
      .expect(200);
    await app.app.get(Enrolment).runAnew();
    expect(await isWithin([60, 60, 60, 60])).toBe(true);
  });
});

/** Healthy, after some milliseconds. */
function answering(afterMs: number): Behaviour {
  return (call, response) => {
    setTimeout(() => {
      answer({ status: 'healthy' })(call, response);
    }, afterMs);
  };
}
