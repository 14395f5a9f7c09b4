/*
 * Runs Jest with the arguments given. Without a path it runs all specs, most of them in the bundles of test/bundles.
 * With paths (`npm test -- leases`) it runs every spec whose path matches one of them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { buildArgv } from 'jest';

/** Milliseconds after a signal, until services that do not stop are killed. */
const SERVICES_STOP_WITHIN = 5_000;
/** Milliseconds that PostgreSQL may take after that. */
const POSTGRES_STOPS_WITHIN = 30_000;

const args = process.argv.slice(2);
const { _: paths } = await buildArgv(args);
const root = `^${process.cwd().replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}/`;
const alone = JSON.parse(readFileSync(new URL('../test/bundles/alone.json', import.meta.url), 'utf8'));
const wholeRun = [`${root}test/bundles/.*\\.bundle\\.ts$`, ...alone.map((path) => `${root}${path}.*\\.spec\\.ts$`)];
const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    // Optimise code that runs 7 times as long as the default asks: most code of a test runs too briefly to pay for it.
    '--interrupt-budget=1000000',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...args,
    ...(paths.length > 0 ? [] : wholeRun.map((regex) => `--testRegex=${regex}`)),
  ],
  // A process group of its own: a signal reaches the workers and the services too.
  { stdio: ['ignore', 'inherit', 'inherit'], detached: true },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => void stop(signal));

const [code, signal] = await once(jest, 'exit');
process.exitCode ||= code ?? 128 + constants.signals[signal];

async function stop(signal) {
  process.exitCode = 128 + constants.signals[signal];
  // PostgreSQL is in groups of its own: its supervisor stops it when the process that started it has gone.
  const started = descendants(jest.pid);
  kill('SIGTERM');
  await ended(started, SERVICES_STOP_WITHIN);
  kill('SIGKILL');
  await ended(started, POSTGRES_STOPS_WITHIN);
}

function kill(signal) {
  try {
    process.kill(-jest.pid, signal);
  } catch {
    // The group is empty.
  }
}

async function ended(pids, withinMs) {
  const deadline = Date.now() + withinMs;
  while (processes().some(({ pid }) => pids.includes(pid)) && Date.now() < deadline) await delay(50);
}

/** The ids of this process and of those that descend from it. */
function descendants(ancestor) {
  const all = processes();
  const found = [ancestor];
  for (const pid of found) found.push(...all.filter(({ parent }) => parent === pid).map((child) => child.pid));
  return found;
}

/** All processes that run; none on a system without /proc. */
function processes() {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter(Number)
    .map((pid) => {
      try {
        // pid (command) state parent ...
        const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
        return { pid: Number(pid), state, parent: Number(parent) };
      } catch {
        return { pid: Number(pid), state: 'Z' };
      }
    })
    .filter(({ state }) => state !== 'Z');
}
