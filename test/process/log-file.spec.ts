import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  endServices,
  type LogLine,
  newFolder,
  runService,
  spawnService,
  startService,
} from '../support/service-process.js';
import { until } from '../support/until.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { adminToken, call, createSkill } from '../support/service-api.js';

describe('the log', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await endServices();
    await database.drop();
  });

  const linesOf = (file: string): LogLine[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]));
  const tracesOf = (lines: readonly LogLine[]): unknown[] => lines.map(({ trace_id }) => trace_id);

  it('goes to LOG_FILE, loses no line when that is rotated, and holds no secret', async () => {
    const cwd = newFolder();
    const file = join(cwd, 'log', 'app.log');
    const rotated = `${file}.1`;
    const env = { DATABASE_URL: database.url, LOG_FILE: 'log/app.log', LOG_LEVEL: 'trace', APP_DEBUG: 'true' };
    const service = await startService({ cwd, env });
    const { url, adminSecret } = service;
    const token = await adminToken(url, adminSecret);
    const traces: string[] = [];
    const ask = async (path: string): Promise<string> => {
      const { headers } = await call(url + path, { token });
      const trace = String(headers['x-trace-id']);
      traces.push(trace);
      return trace;
    };

    let asking = true;
    const streams = Promise.all(
      [1, 2, 3].map(async (stream) => {
        while (asking) await ask(`/api/v1/skills/?name=stream-${stream}`);
      }),
    );
    await until(() => traces.length > 50);
    renameSync(file, rotated);
    service.kill('SIGHUP');
    await until(() => existsSync(file));
    const before = traces.length;
    await until(() => traces.length > before + 50);
    asking = false;
    await streams;
    const last = await ask('/api/v1/skills/');

    // What might slip into a log: a refused secret, a token in a query, errors of the database.
    const wrong = 'a-secret-that-is-not-the-right-one';
    await expect(adminToken(url, wrong)).rejects.toThrow('401');
    await ask(`/api/v1/skills/?access_token=${token}`);
    await createSkill(url, token, skillBody({ name: 'the-same' }));
    await expect(createSkill(url, token, skillBody({ name: 'the-same' }))).rejects.toThrow('409');
    await expect(service.stop()).resolves.toMatchObject({ code: 0 });

    const [old, current] = [linesOf(rotated), linesOf(file)];
    expect(tracesOf([...old, ...current])).toEqual(expect.arrayContaining(traces));
    expect(tracesOf(current)).toContain(last);
    expect(tracesOf(old)).not.toContain(last);
    expect(current.at(-1)).toMatchObject({ msg: 'stopped' });
    const key = service.dataDir + '/jwt-secret';
    const secrets = [token, adminSecret, wrong, readFileSync(key, 'utf8').trim(), new URL(database.url).password];
    const texts = [service.output, readFileSync(rotated, 'utf8'), readFileSync(file, 'utf8')];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(8);
      for (const text of texts) expect(text.includes(secret)).toBe(false);
    }
  });

  /** The value of a counter. */
  const counted = async (url: string, name: string): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };

  /** Asks as many times; each is a line of the log. */
  const ask = async (url: string, times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) expect(await call(`${url}/api/v1/skills/`)).toMatchObject({ status: 401 });
  };

  const EPIPE = /cannot write the log to standard output: EPIPE/g;

  /** The service serves on without one who reads its output, drops lines, and does not try for ever. */
  async function expectToServeUnread(url: string, asked: number): Promise<void> {
    const before = await counted(url, 'log_lines_dropped_total');
    const dropped = async () => (await counted(url, 'log_lines_dropped_total')) - before;
    await ask(url, asked);
    await until(async () => (await dropped()) >= asked);
    const cpu = () => counted(url, 'process_cpu_seconds_total');
    const used = await cpu();
    await delay(500);
    expect((await cpu()) - used).toBeLessThan(0.4);
    const lost = await dropped();
    // No line makes another, and no try is made without a line.
    expect(lost).toBeLessThan(asked + 20);
    const failed = await counted(url, 'log_write_failures_total');
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThanOrEqual(lost + before);
  }

  it('may lose the readers of its outputs, one after the other: the service serves on', async () => {
    const service = await startService({ env: { DATABASE_URL: database.url } });
    service.abandon('stdout');
    await expectToServeUnread(service.url, 100);
    expect(service.output.match(EPIPE)).toHaveLength(1);
    service.abandon('stderr');
    await expectToServeUnread(service.url, 100);
    await expect(service.stop()).resolves.toEqual({ code: 0, signal: null });
  });

  it('may meet a full disk, with nobody at standard error: that is told once on standard output', async () => {
    const files = { LOG_FILE: '/dev/full', LOG_ERROR_FILE: '/dev/full' };
    const service = spawnService({ env: { DATABASE_URL: database.url, ...files } });
    service.abandon('stderr');
    await until(() => service.isReady);
    const { url } = service;
    await ask(url, 100);
    await until(async () => (await counted(url, 'log_write_failures_total')) > 3);
    await expect(service.stop()).resolves.toEqual({ code: 0, signal: null });
    // No error was logged.
    const told = service.lines.filter(({ msg }) => msg.startsWith('cannot write the log to /dev/full: ENOSPC'));
    expect(told).toMatchObject([{ level: 'warn', context: 'log' }]);
    expect(service.messages.at(-1)).toBe('stopped');
  });

  it('continues in a new file when the file was removed with its folder, also without readers of its outputs', async () => {
    const files = { LOG_FILE: 'log/app.log', LOG_ERROR_FILE: 'errors.log' };
    const service = await startService({ env: { DATABASE_URL: database.url, ...files } });
    const { url, cwd } = service;
    const file = join(cwd, 'log', 'app.log');
    const asked = () => linesOf(file).filter(({ path }) => path === '/api/v1/skills/').length;
    await ask(url, 1);
    await until(() => asked() === 1);
    rmSync(join(cwd, 'log'), { recursive: true });
    // Nobody can make the folder while a file has its name.
    writeFileSync(join(cwd, 'log'), '');
    await ask(url, 20);
    await until(() => service.output.includes('cannot write the log'));
    rmSync(join(cwd, 'log'));
    await until(() => existsSync(file));
    await ask(url, 20);
    // The first one went with the folder; what could not be written waited.
    await until(() => asked() === 40);
    expect(service.output.match(/cannot write the log to log\/app.log/g)).toHaveLength(1);
    expect(service.output.match(/written to log\/app.log again/g)).toHaveLength(1);

    service.abandon('stdout', 'stderr');
    await expectToServeUnread(url, 100);
    await expect(service.stop()).resolves.toEqual({ code: 0, signal: null });
    expect(asked()).toBe(140);
    expect(linesOf(file).filter(({ msg }) => msg.match(EPIPE))).toHaveLength(1);
    expect(linesOf(file).at(-1)).toMatchObject({ msg: 'stopped' });
  });

  it('refuses a start when LOG_FILE cannot be written', async () => {
    const { code, output } = await runService({ env: { DATABASE_URL: database.url, LOG_FILE: '.' } });
    expect(code).toBe(1);
    expect(output).toMatch(/^LOG_FILE \. cannot be opened for writing: EISDIR.*\n$/);
  });
});
