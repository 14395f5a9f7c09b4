import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { ensureBinary, stopServices } from './system-package.js';

export interface RedisServer {
  url: string;
  port: number;
  pid: number;
  /** Kills it, even while it is halted by SIGSTOP, and waits for its end. */
  stop(): Promise<void>;
}

const BINARIES = ['redis-server', 'valkey-server'];
const START_TIMEOUT_MS = 10_000;
/** Reads a pipe that ends with the process that holds it: a test run that is killed leaves no server behind. */
const WARDEN = 'read _; kill -9 "$0"; rm -rf "$1"';

/** Its names before and after Redis changed its licence, in Debian and elsewhere. */
const PACKAGES = ['redis-server', 'valkey-server', 'redis', 'valkey'];

/** Path of a Redis server; installed where there is none. A service that the package has started is stopped again. */
export function ensureRedisBinary(): string {
  return ensureBinary(BINARIES, PACKAGES, (run) => {
    stopServices(run, BINARIES);
  });
}

/**
 * Starts a Redis of its own on the loopback, with an empty data set and nothing written to disk. Throws, with the
 * server's log, when it does not answer in time. `env` comes on top of the environment.
 */
export async function startRedisServer(
  options: { port?: number; env?: Record<string, string> } = {},
): Promise<RedisServer> {
  const binary = ensureRedisBinary();
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'redis-test-'));
  const log = join(folder, 'redis.log');
  const settings = { bind: '127.0.0.1', port, save: '', appendonly: 'no', daemonize: 'no', dir: folder, logfile: log };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(binary, args, { stdio: 'ignore', env: { ...process.env, ...options.env } });
  const warden = spawn('sh', ['-c', WARDEN, String(child.pid), folder], { stdio: ['pipe', 'ignore', 'ignore'] });
  const stop = async (): Promise<void> => {
    await end(warden);
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answering(child, port);
  } catch (error) {
    const why = existsSync(log) ? readFileSync(log, 'utf8') : '';
    await stop();
    throw new Error(`${binary} did not start on port ${port}: ${why}`, { cause: error });
  }
  return { url: `redis://127.0.0.1:${port}/0`, port, pid: child.pid ?? 0, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Resolves when the server answers a PING; throws when it has ended, or is silent for too long. */
async function answering(child: ChildProcess, port: number): Promise<void> {
  const failure = new Promise<never>((_, reject) => child.once('error', reject));
  failure.catch(() => undefined);
  const end = performance.now() + START_TIMEOUT_MS;
  while (!(await Promise.race([pong(port), failure]))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('It ended');
    if (performance.now() > end) throw new Error('It does not answer');
    await delay(20);
  }
}

async function pong(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setTimeout(500, () => socket.destroy(new Error('no answer')));
  try {
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString().startsWith('+PONG');
  } catch {
    // Not there yet: the caller asks again.
    return false;
  } finally {
    socket.destroy();
  }
}
