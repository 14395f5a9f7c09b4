import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endServices, newFolder, runService, startService } from '../support/service-process.js';
import { skillBody } from '../support/skill.factory.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startTestApp } from '../support/test-app.js';
import { AuditSealer } from '../../libs/auth/src/audit/audit-sealer.js';

describe('npm run audit:verify', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await endServices();
    await database.drop();
  });

  const run = (...args: string[]) =>
    runService({ program: 'audit-cli.js', args, cwd: newFolder(), env: { DATABASE_URL: database.url } });

  it('says whether the log is as it was sealed, and exits with 1 when it is not', async () => {
    expect(await run('verify')).toMatchObject({ code: 0, output: expect.stringContaining('0 block(s) of 0 entries') });

    const service = await startTestApp({ database });
    const skills = Array.from({ length: 20 }, () => skillBody());
    await service.http
      .post('/api/v1/skills/batch')
      .auth(service.admin, { type: 'bearer' })
      .send({ skills })
      .expect(200);
    await service.app.get(AuditSealer).seal();
    await service.close();

    const good = await run('verify');
    expect(good).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^the audit log is as it was sealed: 1 block/),
    });
    const [, noted = ''] = /^the last good block: (1:[0-9a-f]{64})$/m.exec(good.output) ?? [];
    expect(await run('verify', noted)).toMatchObject({ code: 0 });
    const other = await run(
      'verify',
      noted.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
    );
    expect(other).toMatchObject({ code: 1, output: expect.stringContaining('not the one that was noted') });

    await database.query('ALTER TABLE audit_entries DISABLE TRIGGER USER');
    await database.query(`UPDATE audit_entries SET actor = 'somebody'`);
    const bad = await run('verify');
    expect(bad).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^BROKEN: block 1: its entries were altered$/m),
    });
  });

  it('asks the embedded server of a service that runs, and leaves it alone', async () => {
    const service = await startService();
    const { status } = await fetch(`${service.url}/api/v1/auth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'admin',
        client_secret: service.adminSecret,
      }),
    });
    expect(status).toBe(200);
    const beside = await runService({ program: 'audit-cli.js', args: ['verify'], cwd: service.cwd });
    expect(beside.output).toMatch(/^the audit log is as it was sealed: \d+ block\(s\)/);
    expect(beside.code).toBe(0);
    const rotation = await runService({ program: 'secrets-cli.js', cwd: service.cwd });
    expect(rotation).toMatchObject({ code: 0, output: expect.stringContaining('encrypted again: 0') });
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    await service.stop();
    // And the one that it starts itself, with the same log.
    const alone = await runService({ program: 'audit-cli.js', args: ['verify'], cwd: service.cwd });
    expect(alone).toMatchObject({ code: 0, output: expect.stringContaining('is as it was sealed') });
  });

  it('says that the server of a service is starting', async () => {
    const cwd = newFolder();
    const service = await startService({ cwd });
    // What postmaster.pid says until the server accepts connections.
    const file = join(cwd, '.data', 'postgres', 'postmaster.pid');
    const ready = readFileSync(file, 'utf8');
    writeFileSync(file, ready.replace(/^ready *$/m, 'starting'));
    const { code, output } = await runService({ program: 'audit-cli.js', args: ['verify'], cwd });
    writeFileSync(file, ready);
    expect([code, output]).toEqual([1, expect.stringContaining(`is in use by process ${service.pid}`)]);
  });

  it('explains how it is used', async () => {
    for (const args of [[], ['repair'], ['verify', '1']])
      expect(await run(...args)).toMatchObject({ code: 2, output: expect.stringContaining('usage: audit-cli verify') });
  });
});
