import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { endServices, type LogLine, newFolder, runService, startService } from '../support/service-process.js';
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

  it('refuses a start when LOG_FILE cannot be written', async () => {
    const { code, output } = await runService({ env: { DATABASE_URL: database.url, LOG_FILE: '.' } });
    expect(code).toBe(1);
    expect(output).toMatch(/^LOG_FILE \. cannot be opened for writing: EISDIR.*\n$/);
  });
});
