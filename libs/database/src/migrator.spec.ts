import { randomBytes } from 'node:crypto';
import { DatabaseSettings } from '#config';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { until } from '../../../test/support/until.js';
import { LaterSchemaError, migrate, revert } from './migrator.js';
import { prepareSchema, SchemaBehindError } from './schema-start.js';

const settings = (overrides: Partial<DatabaseSettings> = {}): DatabaseSettings =>
  Object.assign(new DatabaseSettings(), overrides);
/** The newest that changes a table of long standing, api_keys. */
const TOUCHING = 'ApiKeyRotation1764820000000';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** Takes migrations back until this one is; returns them in the order in which they run. */
async function revertTo(name: string): Promise<string[]> {
  const reverted: string[] = [];
  while (!reverted.includes(name)) reverted.unshift((await revert(database.url, settings())) ?? name);
  return reverted;
}

describe('a migration of tables in use', () => {
  it('blocks no query: it steps back until long reads have ended', async () => {
    const reverted = await revertTo(TOUCHING);
    const backup = new pg.Client({ connectionString: database.url, application_name: 'pg_dump' });
    await backup.connect();
    await backup.query('BEGIN');
    await backup.query('SELECT count(*) FROM api_keys');
    let isDone = false;
    const migrated = migrate(database.url, settings()).finally(() => (isDone = true));
    try {
      const waits = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'api_keys'::regclass`;
      await until(async () => (await database.query(waits)).length === 1);
      // This read queues behind the migration, and is answered although the backup still runs.
      expect(await database.query('SELECT count(*)::int AS keys FROM api_keys')).toEqual([{ keys: 0 }]);
      expect(isDone).toBe(false);
    } finally {
      await backup.end();
    }
    expect(await migrated).toEqual(reverted);
    expect(await migrate(database.url, settings())).toEqual([]);
  });

  it('keeps what was done before one that fails, and goes on from there', async () => {
    const reverted = await revertTo(TOUCHING);
    const [first, ...rest] = reverted;
    // In the way of the second.
    await database.query('CREATE TABLE callbacks (id integer)');
    await expect(migrate(database.url, settings())).rejects.toThrow('already exists');
    const names = await database.query<{ name: string }>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1');
    expect(names).toEqual([{ name: first }]);
    await database.query('DROP TABLE callbacks');
    expect(await migrate(database.url, settings())).toEqual(rest);
  });
});

describe('the migrations', () => {
  it('can all be taken back, one after the other, and done again', async () => {
    const tables = async () =>
      (
        await database.query<{ name: string }>(
          `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
        )
      ).map(({ name }) => name);
    const before = await tables();
    const reverted: string[] = [];
    for (let name = await revert(database.url, settings()); name; name = await revert(database.url, settings())) {
      reverted.unshift(name);
    }
    expect(await tables()).toEqual(['migrations']);
    expect(await migrate(database.url, settings())).toEqual(reverted);
    expect((await tables()).toSorted()).toEqual(before.toSorted());
  });

  it('run with the rights that the deployment guide grants, which since PostgreSQL 15 end before "public"', async () => {
    const empty = await createTestDatabase({ empty: true });
    const url = new URL(empty.url);
    const name = url.pathname.slice(1);
    [url.username, url.password] = [name, 'your_secure_password'];
    try {
      await empty.query(`CREATE USER ${name} WITH PASSWORD 'your_secure_password'`);
      const advice = `ALTER DATABASE "${name}" OWNER TO "${name}"`;
      await expect(migrate(url.toString(), settings())).rejects.toThrow(advice);
      await empty.query(`GRANT ALL PRIVILEGES ON DATABASE ${name} TO ${name}`);
      expect((await migrate(url.toString(), settings())).length).toBeGreaterThan(10);
      expect(await migrate(url.toString(), settings())).toEqual([]);
    } finally {
      await empty.query(`DROP OWNED BY ${name} CASCADE`);
      await empty.query(`DROP ROLE ${name}`);
      await empty.drop();
    }
  });
});

describe('a start on the schema', () => {
  it('of a later version leaves it alone, and does not take back what it does not know', async () => {
    await database.query(`INSERT INTO migrations (timestamp, name) VALUES (9000000000000, 'Later9000000000000')`);
    await prepareSchema(database.url, settings());
    await prepareSchema(database.url, settings({ migrate: false, startTimeout: 0 }));
    await expect(revert(database.url, settings())).rejects.toThrow(LaterSchemaError);
    expect(await database.query('SELECT FROM endpoint_probes')).toEqual([]);
  });

  it('of an earlier version waits for somebody to migrate where it shall not, and says what is missing', async () => {
    const missing = await revertTo(TOUCHING);
    const start = (startTimeout: number) => prepareSchema(database.url, settings({ migrate: false, startTimeout }));
    const refusal = await start(0).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SchemaBehindError);
    expect((refusal as Error).message).toContain(`${missing.join(', ')} did not run`);
    const waiting = start(30);
    expect(await migrate(database.url, settings())).toEqual(missing);
    await waiting;
  });

  it('of an earlier version also waits if its role may not change the tables', async () => {
    const missing = await revertTo(TOUCHING);
    const role = `test_service_${randomBytes(4).toString('hex')}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'of a service'`);
    await database.query(`GRANT SELECT ON migrations TO ${role}`);
    try {
      const url = new URL(database.url);
      [url.username, url.password] = [role, 'of a service'];
      const start = (startTimeout: number) => prepareSchema(url.toString(), settings({ startTimeout }));
      const refusal = await start(0).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(SchemaBehindError);
      expect((refusal as Error).message).toMatch(/its role in DATABASE_URL has no right to.*npm run db:migrate/s);
      const waiting = start(30);
      expect(await migrate(database.url, settings())).toEqual(missing);
      await waiting;
    } finally {
      await database.query(`DROP OWNED BY ${role}`);
      await database.query(`DROP ROLE ${role}`);
    }
  });

  it('that is none at all names every migration', async () => {
    const empty = await createTestDatabase({ empty: true });
    try {
      const start = prepareSchema(empty.url, settings({ migrate: false, startTimeout: 0 }));
      await expect(start).rejects.toThrow(/Foundation\d+, .* did not run/);
    } finally {
      await empty.drop();
    }
  });
});
