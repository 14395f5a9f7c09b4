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
 * The programs that the embedded-postgres package brings for this machine. Only its programs are used: the library
 * itself ties the server to the life of the process that started it, which a kill -9 breaks.
 * @throws EmbeddedPostgresError when the package for this platform is not installed, or cannot be run from here.
 */
export async function findBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  let entry: string;
  try {
    // Seen from embedded-postgres, whose dependency it is: a package manager need not lift it to the top.
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
