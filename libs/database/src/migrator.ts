import type { DatabaseSettings } from '#config';
import { DataSource, MigrationExecutor } from 'typeorm';
import { withAdvisoryLock } from './advisory-lock.js';
import { migrationOptions } from './data-source-options.js';
import { ensureSchema } from './schema-rights.js';

/**
 * Brings the schema up to date. Many replicas may start at once: one migrates under an advisory lock, the others wait
 * and find nothing left to do. Returns the names of the migrations that it ran.
 */
export function migrate(url: string, settings: DatabaseSettings): Promise<string[]> {
  return withExecutor(url, settings, async (executor, dataSource) => {
    await ensureSchema(dataSource);
    const done = await executor.executePendingMigrations();
    return done.map(({ name }) => name);
  });
}

/** Takes the newest migration back. Returns its name, or undefined when there is none. */
export function revert(url: string, settings: DatabaseSettings): Promise<string | undefined> {
  return withExecutor(url, settings, async (executor) => {
    const [newest] = (await executor.getExecutedMigrations()).sort((a, b) => b.timestamp - a.timestamp);
    if (newest) await executor.undoLastMigration();
    return newest?.name;
  });
}

async function withExecutor<T>(
  url: string,
  settings: DatabaseSettings,
  work: (executor: MigrationExecutor, dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = await new DataSource(migrationOptions(url, settings)).initialize();
  try {
    return await withAdvisoryLock(dataSource, 'migrations', () => work(new MigrationExecutor(dataSource), dataSource));
  } finally {
    await dataSource.destroy();
  }
}
