import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { endServices, newFolder, runService, spawnService, startService } from '../support/service-process.js';

describe('npm run db:init, db:migrate and db:revert', () => {
  const cwd = newFolder();
  const server = new URL(process.env.TEST_TEMPLATE_URL ?? '');
  const name = `test-cli ${randomBytes(4).toString('hex')}`;
  const url = new URL(server);
  url.pathname = `/${encodeURIComponent(name)}`;
  const env = { DATABASE_URL: url.toString() };

  afterAll(async () => {
    await endServices();
    server.pathname = '/postgres';
    const client = new pg.Client({ connectionString: server.toString() });
    await client.connect();
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
    await client.end();
  });

  const run = (command: string, more: Record<string, string> = env) =>
    runService({ program: 'database-cli.js', args: [command], cwd, env: more });

  it('make the database and its tables', async () => {
    const first = await run('init');
    expect(first).toMatchObject({ code: 0, output: expect.stringMatching(/^created the database\nmigrated: \w+/) });
    const client = new pg.Client({ connectionString: env.DATABASE_URL });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    await client.end();
    const tables = rows.map((row) => row.name);
    expect(tables).toEqual(expect.arrayContaining(['skills', 'skill_endpoints', 'capabilities', 'clients']));
  });

  it('say of a service that may not migrate what is missing, and let it start once that is there', async () => {
    const waits = { ...env, DATABASE_MIGRATE: 'false', DATABASE_START_TIMEOUT: '0' };
    expect(await run('revert')).toMatchObject({ code: 0, output: expect.stringMatching(/^reverted \w+\n$/) });
    const { code, output } = await runService({ env: waits });
    expect(code).toBe(1);
    expect(output).toMatch(/"msg":"The schema is of an earlier version: \w+ did not run.*npm run db:migrate/);
    expect(output).not.toMatch(/^ +at /m);
    // It does its work to the end when nobody reads what it says.
    const unread = spawnService({ program: 'database-cli.js', args: ['migrate'], cwd, env });
    unread.abandon('stdout', 'stderr');
    await expect(unread.ended).resolves.toEqual({ code: 0, signal: null });
    const service = await startService({ env: waits });
    expect(await service.stop()).toMatchObject({ code: 0 });
    expect(await run('init')).toMatchObject({ code: 0, output: 'the schema is up to date\n' });
  });

  it('say what is wrong without the password', async () => {
    const away = {
      DATABASE_URL: 'postgresql://joe:hunter2@localhost:1/skills',
      DATABASE_START_TIMEOUT: '0',
      // A busy machine may take its time to refuse.
      DATABASE_CONNECT_TIMEOUT: '30000',
    };
    for (const { code, output } of await Promise.all(['init', 'migrate'].map((command) => run(command, away)))) {
      expect(code).toBe(1);
      expect(output).toMatch(/Cannot use PostgreSQL at localhost:1\/skills: .*ECONNREFUSED.*Check DATABASE_URL/);
      expect(output).not.toMatch(/hunter2|^ +at /m);
    }
  });

  it('use the embedded server where DATABASE_URL is not set', async () => {
    const migrated = { code: 0, output: expect.stringMatching(/^migrated: \w+(, \w+)*\n$/) };
    expect(await run('init', {})).toMatchObject(migrated);
  });

  it('are the only commands', async () => {
    expect(await run('drop')).toMatchObject({ code: 2, output: 'usage: database-cli init|migrate|revert\n' });
  });
});
