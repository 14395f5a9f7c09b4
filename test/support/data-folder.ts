import { cpSync } from 'node:fs';

/**
 * Makes `dataDir` the data folder of an embedded server that was migrated and stopped: a start on it needs no initdb.
 * Where the tests use a server of their own (TEST_DATABASE_URL), it does nothing, and a start on it initialises it.
 */
export function copyDataFolder(dataDir: string): void {
  const template = process.env.TEST_DATA_FOLDER;
  if (template !== undefined) cpSync(template, dataDir, { recursive: true });
}
