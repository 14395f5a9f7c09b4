import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { endServices, newFolder, runService, spawnService, startService } from '../support/service-process.js';

describe('npm run db:init, db:migrate and db:revert', () => {
  afterAll(endServices);

  const run = (command: string, cwd: string, env: Record<string, string> = {}) =>
    runService({ program: 'database-cli.js', args: [command], cwd, env });

  describe('against DATABASE_URL', () => {
    const cwd = newFolder();
    const server = new URL(process.env.TEST_TEMPLATE_URL ?? '');
    const name = `test-cli ${randomBytes(4).toString('hex')}`;
    const url = new URL(server);
    url.pathname = `/${encodeURIComponent(name)}`;
    const env = { DATABASE_URL: url.toString() };

    afterAll(async () => {
      server.pathname = '/postgres';
      const client = new pg.Client({ connectionString: server.toString() });
      await client.connect();
      await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
      await client.end();
    });

    async function tables(): Promise<string[]> {
      const client = new pg.Client({ connectionString: env.DATABASE_URL });
      await client.connect();
      const { rows } = await client.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
      );
      await client.end();
      return rows.map((row) => row.name);
    }

    it('makes the database and its tables, once', async () => {
      const first = await run('init', cwd, env);
      expect(first).toMatchObject({ code: 0, output: expect.stringMatching(/^created the database\nmigrated: \w+/) });
      expect(await tables()).toEqual(expect.arrayContaining(['skills', 'skill_endpoints', 'capabilities', 'clients']));
      expect(await run('init', cwd, env)).toMatchObject({ code: 0, output: 'the schema is up to date\n' });
    });

    it('starts on that alone where DATABASE_MIGRATE is false, and says what is missing before', async () => {
      const waits = { ...env, DATABASE_MIGRATE: 'false', DATABASE_START_TIMEOUT: '0' };
      expect(await run('revert', cwd, env)).toMatchObject({ code: 0 });
      const { code, output } = await runService({ env: waits });
      expect(code).toBe(1);
      expect(output).toMatch(/"msg":"The schema is of an earlier version: \w+ did not run.*npm run db:migrate/);
      expect(output).not.toMatch(/^ +at /m);
      expect(await run('migrate', cwd, env)).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^migrated: \w+\n$/),
      });
      const service = await startService({ env: waits });
      expect(await service.stop()).toMatchObject({ code: 0 });
    });

    it('does its work to the end when nobody reads what it says', async () => {
      expect(await run('revert', cwd, env)).toMatchObject({ code: 0 });
      const unread = spawnService({ program: 'database-cli.js', args: ['migrate'], cwd, env });
      unread.abandon('stdout', 'stderr');
      await expect(unread.ended).resolves.toEqual({ code: 0, signal: null });
      expect(await run('migrate', cwd, env)).toMatchObject({ code: 0, output: 'the schema is up to date\n' });
    });

    it('takes migrations back and does them again', async () => {
      for (let reverted = true; reverted;) {
        const { code, output } = await run('revert', cwd, env);
        expect(code).toBe(0);
        expect(output).toMatch(/^(reverted \w+|nothing to revert)\n$/);
        reverted = output.startsWith('reverted');
      }
      expect(await tables()).toEqual(['migrations']);
      expect(await run('migrate', cwd, env)).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^migrated: \w+/),
      });
      expect(await tables()).toContain('skills');
      // A process for each migration.
    }, 120_000);

    it('says what is wrong without the password', async () => {
      const away = { DATABASE_URL: 'postgresql://joe:hunter2@localhost:1/skills', DATABASE_START_TIMEOUT: '0' };
      for (const command of ['init', 'migrate']) {
        const { code, output } = await run(command, cwd, away);
        expect(code).toBe(1);
        expect(output).toMatch(/Cannot use PostgreSQL at localhost:1\/skills: .*ECONNREFUSED.*Check DATABASE_URL/);
        expect(output).not.toMatch(/hunter2|^ +at /m);
      }
    });
  });

  it('works with the rights that the deployment guide grants, which since PostgreSQL 15 end before "public"', async () => {
    const name = `test_guide_${randomBytes(4).toString('hex')}`;
    const url = new URL(process.env.TEST_TEMPLATE_URL ?? '');
    url.pathname = '/postgres';
    const superuser = new pg.Client({ connectionString: url.toString() });
    await superuser.connect();
    await superuser.query(`CREATE DATABASE ${name} TEMPLATE template0`);
    await superuser.query(`CREATE USER ${name} WITH PASSWORD 'your_secure_password'`);
    [url.pathname, url.username, url.password] = [name, name, 'your_secure_password'];
    try {
      const env = { DATABASE_URL: url.toString() };
      expect(await run('migrate', newFolder(), env)).toMatchObject({
        code: 1,
        output: expect.stringContaining(`ALTER DATABASE "${name}" OWNER TO "${name}"`),
      });
      await superuser.query(`GRANT ALL PRIVILEGES ON DATABASE ${name} TO ${name}`);
      expect(await run('init', newFolder(), env)).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^migrated: /m),
      });
      expect(await run('migrate', newFolder(), env)).toMatchObject({ code: 0, output: 'the schema is up to date\n' });
    } finally {
      await superuser.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await superuser.query(`DROP ROLE ${name}`);
      await superuser.end();
    }
  });

  it('works on the embedded server where DATABASE_URL is not set', async () => {
    const cwd = newFolder();
    expect(await run('init', cwd)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^migrated: \w+(, \w+)*\n$/),
    });
    expect(await run('migrate', cwd)).toMatchObject({ code: 0, output: 'the schema is up to date\n' });
  });

  it('knows no other command', async () => {
    expect(await run('drop', newFolder())).toMatchObject({
      code: 2,
      output: 'usage: database-cli init|migrate|revert\n',
    });
  });
});
