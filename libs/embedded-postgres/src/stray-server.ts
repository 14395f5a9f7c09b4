import { readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { commandLine, lifeMark } from './process-identity.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { stopServer } from './server-signal.js';

/**
 * Prepares the start of a server on this cluster, which this process has claimed. A server that still runs belongs to a
 * service that was killed: it is stopped. A postmaster.pid whose pid now belongs to another program (pids begin again in a
 * new container) would make PostgreSQL refuse to start: it is removed. The file of a dead server is left to PostgreSQL, which also checks
 * that none of that server's children still writes.
 */
export async function stopStrayServer(
  cluster: string,
  binaries: PostgresBinaries,
  log: (message: string) => void,
): Promise<void> {
  const pid = postmasterPid(cluster);
  if (pid === undefined || lifeMark(pid) === undefined) return;
  if (isServerOf(pid, cluster)) {
    log(`stopping the PostgreSQL (process ${pid}) that an earlier run left behind`);
    await stopServer(pid, binaries);
    return;
  }
  log(`removing a stale postmaster.pid: process ${pid} is another program`);
  rmSync(join(cluster, 'postmaster.pid'), { force: true });
}

function postmasterPid(cluster: string): number | undefined {
  try {
    // A standalone backend writes its pid negated.
    const pid = Math.abs(Number.parseInt(readFileSync(join(cluster, 'postmaster.pid'), 'utf8'), 10));
    return Number.isNaN(pid) ? undefined : pid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isServerOf(pid: number, cluster: string): boolean {
  const [program, ...args] = commandLine(pid);
  if (program === undefined) return false;
  if (args.length === 0) return program.includes('postgres') && program.includes(cluster);
  const folder = args[args.indexOf('-D') + 1];
  return basename(program) === 'postgres' && folder !== undefined && isSameFolder(folder, cluster);
}

/** By inode, because one folder has many names: links, mounts, relative paths. */
function isSameFolder(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && a.dev === b?.dev && a.ino === b.ino;
}
