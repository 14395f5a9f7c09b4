import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/**
 * Where programs run: the measured program has core 0 alone, the load comes from core 1, and PostgreSQL, Redis and
 * this program have all cores except 0. Without `taskset`, or on one core, the scheduler decides, and `note` says so.
 */
export const placement = decide();

function decide() {
  const cores = availableParallelism();
  const isPossible = cores > 1 && spawnSync('taskset', ['-p', String(process.pid)]).status === 0;
  if (!isPossible) {
    const why = cores > 1 ? 'taskset is not on the PATH' : 'there is one core only';
    return { note: `nothing is pinned, so that figures scatter more: ${why}` };
  }
  return {
    server: String(SERVER_CORE),
    client: String(CLIENT_CORE),
    others: `${CLIENT_CORE}-${cores - 1}`,
    note: `server on core ${SERVER_CORE}, load on core ${CLIENT_CORE}, PostgreSQL and Redis not on core ${SERVER_CORE}; ${cores} cores`,
  };
}

/** Moves running programs, and those that they start from now on, to these cores; undefined: they stay. */
export function move(pids, cores) {
  if (cores === undefined) return;
  for (const pid of pids) spawnSync('taskset', ['-acp', cores, String(pid)]);
}

/** Returns a command that runs on these cores; unchanged if they are undefined. */
export function pinned(cores, command) {
  return cores === undefined ? command : ['taskset', '-c', cores, ...command];
}

/** Moves this program, and what it starts from now on, away from the server's core. */
export function leaveServerCore() {
  move([process.pid], placement.others);
}
