import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { lifeMark } from './process-identity.js';
import type { PostgresBinaries } from './postgres-binaries.js';

/** A fast shutdown, then an immediate one (the next start recovers), then SIGKILL. */
const STEPS = [
  { signal: 'SIGINT', wait: 15_000 },
  { signal: 'SIGQUIT', wait: 5_000 },
  { signal: 'SIGKILL', wait: 2_000 },
] as const;

/**
 * Stops the PostgreSQL server with this pid within 22 s.
 * @throws Error if it still runs, or if this process may not signal it.
 */
export async function stopServer(pid: number, binaries: PostgresBinaries): Promise<void> {
  const mark = lifeMark(pid);
  if (mark === undefined) return;
  const gone = () => lifeMark(pid) !== mark;
  for (const { signal, wait } of STEPS) {
    send(pid, signal, binaries);
    const until = performance.now() + wait;
    while (!gone() && performance.now() < until) await delay(20);
    if (gone()) return;
  }
  throw new Error(`PostgreSQL (process ${pid}) does not stop.`);
}

/** Windows has no signals; pg_ctl speaks to the server by other means there. */
function send(pid: number, signal: NodeJS.Signals, { pgCtl }: PostgresBinaries): void {
  if (process.platform === 'win32' && signal !== 'SIGKILL') {
    spawnSync(pgCtl, ['kill', signal.slice(3), String(pid)]);
    return;
  }
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
