import type { DatabaseSettings } from '#config';
import { DataSource, type EntityManager, MigrationExecutor } from 'typeorm';
import { withAdvisoryLock } from './advisory-lock.js';
import { migrationOptions } from './data-source-options.js';
import { MIGRATIONS } from './migrations/index.js';
import { ensureSchema } from './schema-rights.js';
import { LOCK_TIMEOUT_MS, onceTablesAreFree } from './table-locks.js';

/** The newest migration is of a later version, which alone knows how to take it back. */
export class LaterSchemaError extends Error {
  constructor(name: string) {
    super(`${name} is of a later version than this one: take it back with "npm run db:revert" of that version.`);
    this.name = 'LaterSchemaError';
  }
}

/**
 * Brings the schema up to date, beside services of the version before that go on serving: each migration is a transaction of its
 * own, which waits for a table for a second at most and then steps back for a while. Many replicas may start at once: one
 * migrates under an advisory lock, the others wait and find nothing left to do. Returns the names of the migrations that it ran.
 * @throws SchemaRightsError, TablesInUseError
 */
export function migrate(url: string, settings: DatabaseSettings): Promise<string[]> {
  return withExecutor(url, settings, async (executor, session) => {
    await ensureSchema(session);
    const pending = await executor.getPendingMigrations();
    await onceTablesAreFree(session, () => executor.executePendingMigrations());
    return pending.map(({ name }) => name);
  });
}

/**
 * Takes the newest migration back. Returns its name, or undefined when there is none.
 * @throws LaterSchemaError, TablesInUseError
 */
export function revert(url: string, settings: DatabaseSettings): Promise<string | undefined> {
  return withExecutor(url, settings, async (executor, session) => {
    const [newest] = (await executor.getExecutedMigrations()).sort((a, b) => b.timestamp - a.timestamp);
    if (!newest) return undefined;
    if (!MIGRATIONS.some(({ name }) => name === newest.name)) throw new LaterSchemaError(newest.name);
    await onceTablesAreFree(session, () => executor.undoLastMigration());
    return newest.name;
  });
}

async function withExecutor<T>(
  url: string,
  settings: DatabaseSettings,
  work: (executor: MigrationExecutor, session: EntityManager) => Promise<T>,
): Promise<T> {
  const dataSource = await new DataSource(migrationOptions(url, settings)).initialize();
  try {
    return await withAdvisoryLock(dataSource, 'migrations', async (session) => {
      const runner = dataSource.createQueryRunner();
      try {
        // Not for the advisory lock, which is on the other connection and waited for as long as it takes.
        await runner.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
        const executor = new MigrationExecutor(dataSource, runner);
        executor.transaction = 'each';
        return await work(executor, session);
      } finally {
        await runner.release();
      }
    });
  } finally {
    await dataSource.destroy();
  }
}
