import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import {
  endServices,
  newFolder,
  runService,
  type ServiceProcess,
  spawnService,
  startService,
} from '../support/service-process.js';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { adminToken, call, createSkill } from '../support/service-api.js';

describe('a start on a bare machine', () => {
  // One life of a data folder, told in order: each test goes on where the one before ended.
  const cwd = newFolder();
  const skill = skillBody();
  let service: ServiceProcess;
  let skillId: string;

  afterAll(endServices);

  it('is one of two at once on the folder, and the other says what to do', async () => {
    const env = { AI_BRIDGE_REGISTRY_URL: undefined };
    const both = [spawnService({ cwd, env }), spawnService({ cwd, env })];
    await until(() => both.every((one) => one.isReady || !one.isRunning), 50_000);
    const [ready, refused] = both.sort((one, other) => Number(other.isReady) - Number(one.isReady));
    if (!ready?.isReady || !refused) throw new Error(both.map(({ output }) => output).join('\n'));
    service = ready;
    await expect(refused.ended).resolves.toEqual({ code: 1, signal: null });
    expect(refused.output).toContain(`The data folder ${service.dataDir} is in use by process ${service.pid}.`);
    expect(refused.output).toContain('DATA_DIR');
    expect(refused.output).not.toMatch(/\n?\s+at |"stack"/);
  });

  it('makes everything it needs and says where it is', async () => {
    const { url, messages, dataDir } = service;
    const local = url.replace('127.0.0.1', 'localhost');
    expect(dataDir).toBe(join(cwd, '.data'));
    expect(messages.slice(-7)).toEqual([
      `ooder-skill 0.6.0 is ready (embedded PostgreSQL in ${dataDir})`,
      `API         ${local}/api/v1`,
      `Swagger UI  ${local}/docs`,
      `Metrics     ${local}/metrics`,
      'Outbound    calls of Skills and callbacks may reach this machine; in production only with OUTBOUND_ALLOWED_CIDRS',
      'Upstream    none; this is a member of another registry with AI_BRIDGE_REGISTRY_URL=http://localhost:8080/api/v1/skills/register',
      `Client      admin, its secret: ${dataDir}/admin-client-secret`,
    ]);
    for (const path of ['/docs', '/metrics', '/readyz']) expect((await fetch(url + path)).status).toBe(200);
  });

  it('says no more than a newcomer wants to read, and nothing after that, and is healthy', async () => {
    // The first sweep and the first round of a membership are over.
    await until(async () => /^registry_leader 1$/m.test(await (await fetch(`${service.url}/metrics`)).text()));
    const { body } = await call(`${service.url}/health`);
    expect(body).toMatchObject({ status: 'healthy' });
    expect(JSON.stringify(body)).not.toContain('degraded');
    expect(service.messages.filter((message) => message !== 'request').at(-1)).toMatch(/^Client /);
    expect(service.lines.filter(({ level }) => level !== 'info')).toEqual([]);
    expect(service.lines.length).toBeLessThan(12);
  });

  it('keeps its secrets from other accounts', () => {
    const modeOf = (path: string): number => statSync(path).mode & 0o777;
    expect(modeOf(service.dataDir)).toBe(0o700);
    for (const name of ['admin-client-secret', 'jwt-secret', 'postgres-password']) {
      expect(modeOf(join(service.dataDir, name))).toBe(0o600);
    }
  });

  it('registers a Skill with a token for the secret that it points at', async () => {
    const token = await adminToken(service.url, service.adminSecret);
    skillId = await createSkill(service.url, token, skill);
  });

  it('stops with its PostgreSQL on SIGTERM', async () => {
    await expect(service.stop()).resolves.toEqual({ code: 0, signal: null });
    expect(service.messages.at(-1)).toBe('stopped');
    expect(service.lines.filter(({ level }) => level !== 'info')).toEqual([]);
    expect(service.databaseProcesses()).toEqual([]);
  });

  it('names a port that is taken, and leaves no PostgreSQL', async () => {
    const holder = createServer().listen(0, '0.0.0.0');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const { code, output } = await runService({ cwd, env: { APP_PORT: String(port) } });
    holder.close();
    expect(code).toBe(1);
    expect(output).toContain(`Port ${port} on 0.0.0.0 is in use.`);
    expect(output).toContain('APP_PORT');
    expect(output).not.toMatch(/\n?\s+at |"stack"/);
    expect(service.databaseProcesses()).toEqual([]);
  });

  it('says what to do with a folder that is no database', async () => {
    const other = newFolder();
    const cluster = join(other, '.data', 'postgres');
    mkdirSync(cluster, { recursive: true });
    writeFileSync(join(cluster, 'notes.txt'), 'mine');
    const { code, output } = await runService({ cwd: other });
    expect(code).toBe(1);
    expect(output).toContain(`${cluster} is neither empty nor a PostgreSQL cluster`);
    expect(output).toContain('move it away');
    expect(output).not.toMatch(/\n?\s+at |"stack"/);
    expect(readdirSync(cluster)).toEqual(['notes.txt']);
  });

  it('finds the Skill and the tokens of before again', async () => {
    const again = await startService({ cwd });
    const token = await adminToken(again.url, again.adminSecret);
    const found = await call(`${again.url}/api/v1/skills/${skillId}`, { token });
    expect(found.status).toBe(200);
    expect(found.body).toMatchObject({ name: skill.name, version: skill.version });
    service = again;
  });

  it('stops on SIGINT though a client holds a connection on which it never asks', async () => {
    const began = performance.now();
    const silent = connect(Number(new URL(service.url).port), '127.0.0.1');
    await once(silent, 'connect');
    silent.on('error', () => undefined);
    service.kill('SIGINT');
    await expect(service.ended).resolves.toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(9_000);
    await until(() => service.databaseProcesses().length === 0);
    silent.destroy();
  });
});

describe('a Node that is too old', () => {
  const root = resolve(import.meta.dirname, '..', '..');
  const fake = (version: string): string =>
    `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const run = (program: string, version: string) =>
    spawnSync(process.execPath, ['--import', fake(version), join(root, program)], { cwd: root, encoding: 'utf8' });

  it.each(['dist/apps/skill-service/src/main.js', 'scripts/build-if-stale.mjs'])(
    'is named in one line by %s, which imports nothing of the service',
    (program) => {
      for (const version of ['18.20.8', '20.18.3']) {
        const { status, stdout, stderr } = run(program, version);
        expect({ status, stdout, stderr }).toEqual({
          status: 1,
          stdout: '',
          stderr: `ooder-skill needs Node.js >=20.19.0, but this is ${version}.\n`,
        });
      }
    },
  );
});
