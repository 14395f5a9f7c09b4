import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runningServerUrl } from '#embedded-postgres';
import { adminToken, call } from '../support/service-api.js';
import {
  endServices,
  newFolderWithDatabase,
  runService,
  type ServiceProcess,
  startService,
} from '../support/service-process.js';
import { skillBody } from '../support/skill.factory.js';
import { databaseAt, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

/** On the embedded server of one service: the command uses it while the service runs, and starts it itself afterwards. */
describe('npm run audit:verify', () => {
  let service: ServiceProcess;
  let database: TestDatabase;

  beforeAll(async () => {
    service = await startService({ cwd: newFolderWithDatabase() });
    const token = await adminToken(service.url, service.adminSecret);
    const skills = Array.from({ length: 20 }, () => skillBody());
    await call(`${service.url}/api/v1/skills/batch`, { token, body: { skills } });
    database = databaseAt(runningServerUrl(service.dataDir) ?? '', () => Promise.resolve());
    await until(async () => (await database.query('SELECT FROM audit_blocks')).length > 0);
  }, 120_000);
  afterAll(async () => {
    await database.drop();
    await endServices();
  });

  const run = (...args: string[]) => runService({ program: 'audit-cli.js', args, cwd: service.cwd });

  it('says that the log is as it was sealed, beside a service that runs, which it leaves alone', async () => {
    const good = await run('verify');
    expect(good).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^the audit log is as it was sealed: \d+ block/),
    });
    const [, noted = ''] = /^the last good block: (\d+:[0-9a-f]{64})$/m.exec(good.output) ?? [];
    const another = noted.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    const [same, other] = await Promise.all([run('verify', noted), run('verify', another)]);
    expect(same).toMatchObject({ code: 0 });
    expect(other).toMatchObject({ code: 1, output: expect.stringContaining('not the one that was noted') });
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });

  it('is not the only command that works beside a service: so does npm run secrets:rotate', async () => {
    const rotation = await runService({ program: 'secrets-cli.js', cwd: service.cwd });
    expect(rotation).toMatchObject({ code: 0, output: expect.stringContaining('encrypted again: 0') });
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });

  it('says that the server of a service is starting', async () => {
    // What postmaster.pid says until the server accepts connections.
    const file = join(service.dataDir, 'postgres', 'postmaster.pid');
    const ready = readFileSync(file, 'utf8');
    writeFileSync(file, ready.replace(/^ready *$/m, 'starting'));
    const { code, output } = await run('verify');
    writeFileSync(file, ready);
    expect([code, output]).toEqual([1, expect.stringContaining(`is in use by process ${service.pid}`)]);
  });

  it('starts the server itself where no service runs, and exits with 1 when the log was altered', async () => {
    await database.query('ALTER TABLE audit_entries DISABLE TRIGGER USER');
    await database.query(`UPDATE audit_entries SET actor = 'somebody'`);
    await service.stop();
    expect(await run('verify')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^BROKEN: block 1: its entries were altered$/m),
    });
  });

  it('explains how it is used', async () => {
    expect(await run('verify', '1')).toMatchObject({
      code: 2,
      output: expect.stringContaining('usage: audit-cli verify'),
    });
  });
});
