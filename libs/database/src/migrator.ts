import type { DatabaseSettings } from '#config';
import { DataSource, type EntityManager, MigrationExecutor } from 'typeorm';
import { withAdvisoryLock } from './advisory-lock.js';
import { migrationOptions } from './data-source-options.js';
import { MIGRATIONS } from './migrations/index.js';
import { ensureSchema } from './schema-rights.js';
import { LOCK_TIMEOUT_MS, onceTablesAreFree } from './table-locks.js';

/** The newest migration belongs to a later version, and only that version can revert it. */
export class LaterSchemaError extends Error {
  constructor(name: string) {
    super(`${name} is of a later version than this one: take it back with "npm run db:revert" of that version.`);
    this.name = 'LaterSchemaError';
  }
}

/**
 * Migrates the schema while services of the previous version run. Each migration is a transaction, which waits one second at
 * most for a table and retries later. Many replicas may start at once: one migrates under an advisory lock, and the others
 * wait and then have nothing to do. Returns the names of the migrations that it ran.
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
 * Reverts the newest migration. Returns its name, or undefined if there is none.
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
        // Only on the connection for the work; the other one may wait for the advisory lock without limit.
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
