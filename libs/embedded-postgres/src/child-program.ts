import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export type ChildProgram = ChildProcessByStdio<null, null, Readable>;

let prefix: string[] | undefined;

/**
 * Spawns a PostgreSQL program that ends with the supervisor: Linux sends it SIGINT (a fast shutdown) when the supervisor is
 * killed, so even a kill -9 of every Node process leaves no server behind. On other systems, or without setpriv(1), the next
 * start stops it. `onLine` gets each line of its standard error.
 */
export function spawnProgram(program: string, args: string[], onLine: (line: string) => void): ChildProgram {
  prefix ??= deathSignalPrefix();
  const [command, ...before] = prefix;
  const child = spawn(command ?? program, command ? [...before, program, ...args] : args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  createInterface({ input: child.stderr }).on('line', onLine);
  return child;
}

function deathSignalPrefix(): string[] {
  if (process.platform !== 'linux') return [];
  const options = ['--pdeathsig', 'INT', '--'];
  const works = spawnSync('setpriv', [...options, 'true'], { stdio: 'ignore' }).status === 0;
  return works ? ['setpriv', ...options] : [];
}
