import { once } from 'node:events';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';

const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
const PAUSE_MS = 20;

/**
 * Options for helpers of the benchmark. Without this one, V8 collects garbage some seconds after a program has become
 * idle, on every core: during a measurement.
 */
export const HELPER_NODE = [process.execPath, '--no-memory-reducer'];

/** Returns whether a program listens there. */
export async function accepts(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

/** Waits until `ask` returns true. @throws Error if the program ends before, or does not answer within a minute. */
export async function answering(child, ask) {
  const end = performance.now() + START_WITHIN_MS;
  while (!(await ask().catch(() => false))) {
    if (hasEnded(child)) throw new Error(`${child.spawnfile} ended`);
    if (performance.now() > end) throw new Error(`${child.spawnfile} does not answer`);
    await delay(PAUSE_MS);
  }
}

/** Ends a program, by force after 20 s. */
export async function stopped(child) {
  if (child === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null;
}
