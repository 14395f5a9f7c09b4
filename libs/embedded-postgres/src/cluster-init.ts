import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { spawnProgram } from './child-program.js';
import { describeError } from './supervisor-protocol.js';

const DRAFT = 'postgres.new-';

/** The server's superuser, and the owner of all that the service stores. */
export const SUPERUSER = 'ooder';

/**
 * Creates the cluster <dataDir>/postgres if it is missing. It is created in a folder beside it and renamed, so it is complete
 * or does not exist.
 * @throws Error with the last lines of initdb; AbortError if `stop` fires first.
 */
export async function ensureCluster(
  dataDir: string,
  passwordFile: string,
  initdb: string,
  stop: AbortSignal,
): Promise<string> {
  const cluster = join(dataDir, 'postgres');
  if (isCluster(cluster)) return cluster;
  const draft = join(dataDir, DRAFT + randomBytes(4).toString('hex'));
  try {
    await runInitdb(initdb, draft, passwordFile, stop);
    adopt(draft, cluster);
    syncFolder(dataDir);
  } finally {
    rmSync(draft, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
  return cluster;
}

/** Removes the files of a first start that was killed. The service calls it: as root it may remove files of any account. */
export function removeDrafts(dataDir: string): void {
  for (const name of readdirSync(dataDir).filter((entry) => entry.startsWith(DRAFT))) {
    rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

function isCluster(folder: string): boolean {
  return existsSync(join(folder, 'PG_VERSION'));
}

function adopt(draft: string, cluster: string): void {
  try {
    renameSync(draft, cluster);
  } catch (cause) {
    // The supervisor of a service that was killed during its first start may have finished at this very moment; both
    // clusters know the same password.
    if (isCluster(cluster)) return;
    throw new Error(`${cluster} is neither empty nor a PostgreSQL cluster (${describeError(cause)}): move it away.`, {
      cause,
    });
  }
}

/** Collation by code point and C.UTF-8 are built into the server: no locale has to be installed on the machine. */
async function runInitdb(initdb: string, folder: string, passwordFile: string, stop: AbortSignal): Promise<void> {
  const lines: string[] = [];
  const child = spawnProgram(
    initdb,
    [
      `--pgdata=${folder}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ],
    (line) => lines.push(line),
  );
  const kill = () => child.kill('SIGTERM');
  stop.addEventListener('abort', kill);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    stop.throwIfAborted();
    if (code !== 0) throw new Error(`initdb failed: ${lines.slice(-5).join(' | ')}`);
  } finally {
    stop.removeEventListener('abort', kill);
  }
}

/** Makes the rename itself last through a power cut. Windows cannot open a folder, and does not need this. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
