import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  url: string;
  query<T extends object>(text: string, parameters?: unknown[]): Promise<T[]>;
  drop(): Promise<void>;
}

/** A migrated database of one's own; `empty` gives one without tables. */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const template = new URL(process.env.TEST_TEMPLATE_URL ?? '');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const maintenance = at(template, 'postgres');
  await once(maintenance, `CREATE DATABASE ${name} TEMPLATE ${empty ? 'template0' : template.pathname.slice(1)}`);
  return databaseAt(at(template, name), () => once(maintenance, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

/** An existing database. Call `drop` when the test has closed its connections. */
export function databaseAt(url: string, drop: () => Promise<unknown>): TestDatabase {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  // The server may be stopped under the pool; a query that follows tells.
  pool.on('error', () => undefined);
  return {
    url,
    query: async <T extends object>(text: string, parameters?: unknown[]) =>
      (await pool.query<T>(text, parameters)).rows,
    drop: async () => {
      await pool.end();
      await drop();
    },
  };
}

/** Ends all sessions of the service in its database. Returns how many there were. */
export async function terminateSessions(database: TestDatabase): Promise<number> {
  const terminated = await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'ooder-skill%'`,
  );
  return terminated.length;
}

function at(server: URL, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.toString();
}

/** Two copies of the template at once wait for each other; PostgreSQL says 55006 while one is being made. */
async function once(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await client.query(statement);
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== '55006' || attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  } finally {
    await client.end();
  }
}
