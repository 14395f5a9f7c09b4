import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/**
 * Where programs run: what is measured has core 0 for itself, the load comes from core 1, and PostgreSQL, Redis and
 * this program have all cores but 0. Without `taskset`, or on one core, the scheduler decides, and `note` says so.
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

/** Programs that run go to these cores, and what they start from now on as well; undefined: they stay where they are. */
export function move(pids, cores) {
  if (cores === undefined) return;
  for (const pid of pids) spawnSync('taskset', ['-acp', cores, String(pid)]);
}

/** A command that runs on these cores; as it is when they are undefined. */
export function pinned(cores, command) {
  return cores === undefined ? command : ['taskset', '-c', cores, ...command];
}

/** This program, and all that it starts from now on unless that is pinned elsewhere, leaves the server's core. */
export function leaveServerCore() {
  move([process.pid], placement.others);
}
