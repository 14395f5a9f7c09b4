import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findBinaries } from './postgres-binaries.js';

/** The files of a cluster are those of one major version of PostgreSQL; the message says how to move the data. */
export class DataFolderVersionError extends Error {
  constructor(dataDir: string, made: string, brought: string) {
    super(
      `The data folder ${dataDir} was made by PostgreSQL ${made}, and this version of the service brings ${brought}. ` +
        'Start the version that made it and run "npm run export" there, move the folder away, start this one, ' +
        'and run "npm run import" (docs/upgrade.md).',
    );
    this.name = 'DataFolderVersionError';
  }
}

/** @throws DataFolderVersionError if there is a cluster of another major version. */
export async function assertSameVersion(dataDir: string): Promise<void> {
  const made = readVersion(join(dataDir, 'postgres'));
  if (made === undefined) return;
  const { postgres } = await findBinaries();
  // "postgres (PostgreSQL) 18.4"
  const { stdout } = await promisify(execFile)(postgres, ['--version'], { timeout: 10_000 });
  const [, brought] = /\) (\d+)/.exec(stdout) ?? [];
  if (brought !== undefined && brought !== made) throw new DataFolderVersionError(dataDir, made, brought);
}

/** The major version, such as 18; undefined where there is no cluster. */
function readVersion(cluster: string): string | undefined {
  try {
    return readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
