import { endServices, newFolder, runService } from '../support/service-process.js';
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

  it('explains how it is used', async () => {
    for (const args of [[], ['repair'], ['verify', '1']])
      expect(await run(...args)).toMatchObject({ code: 2, output: expect.stringContaining('usage: audit-cli verify') });
  });
});
