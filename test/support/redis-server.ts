import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

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

/** How each package manager installs Redis; the first that is on the PATH is taken. */
const INSTALLERS: { manager: string; root: boolean; attempts: string[][][] }[] = [
  {
    manager: 'apt-get',
    root: true,
    attempts: ['redis-server', 'valkey-server'].map((name) => [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', name],
    ]),
  },
  { manager: 'dnf', root: true, attempts: ['redis', 'valkey'].map((name) => [['dnf', 'install', '-y', name]]) },
  { manager: 'apk', root: true, attempts: ['redis', 'valkey'].map((name) => [['apk', 'add', '--no-cache', name]]) },
  { manager: 'brew', root: false, attempts: ['redis', 'valkey'].map((name) => [['brew', 'install', name]]) },
];

/**
 * Path of a Redis server. Where there is none it is installed with the system's package manager, which takes up to a
 * minute and blocks; call it once before tests run side by side. Throws when nothing works.
 */
export function ensureRedisBinary(): string {
  const present = firstOnPath(BINARIES);
  if (present !== undefined) return present;
  const installer = INSTALLERS.find(({ manager }) => firstOnPath([manager]) !== undefined);
  if (installer === undefined)
    throw new Error('No redis-server on the PATH, and no known package manager to install it');
  process.stderr.write(`No redis-server on the PATH: installing it with ${installer.manager} ...\n`);
  const prefix = installer.root && process.getuid?.() !== 0 ? ['sudo', '-n'] : [];
  let output = '';
  for (const commands of installer.attempts) {
    const failed = commands.map((command) => execute([...prefix, ...command])).find((result) => result !== undefined);
    output = failed ?? output;
    const installed = firstOnPath(BINARIES);
    if (installed === undefined) continue;
    stopService(prefix);
    return installed;
  }
  throw new Error(`Could not install redis-server with ${installer.manager}; install it by hand. ${output}`);
}

/**
 * Starts a Redis of its own on the loopback, with an empty data set and nothing written to disk. Throws, with the
 * server's log, when it does not answer in time.
 */
export async function startRedisServer(options: { port?: number } = {}): Promise<RedisServer> {
  const binary = ensureRedisBinary();
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'redis-test-'));
  const log = join(folder, 'redis.log');
  const settings = { bind: '127.0.0.1', port, save: '', appendonly: 'no', daemonize: 'no', dir: folder, logfile: log };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(binary, args, { stdio: 'ignore' });
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

function firstOnPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Undefined when it worked, otherwise the end of what it said. */
function execute([command = '', ...args]: string[]): string | undefined {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status === 0) return undefined;
  return `${[command, ...args].join(' ')}: ${error?.message ?? (stdout + stderr).trim().slice(-1000)}`;
}

/** Debian starts the service of a package that it installs (not in a container); tests start servers of their own. */
function stopService(prefix: string[]): void {
  if (!existsSync('/run/systemd/system') || firstOnPath(['systemctl']) === undefined) return;
  for (const binary of BINARIES) {
    const failed = execute([...prefix, 'systemctl', 'disable', '--now', binary]);
    if (failed !== undefined && firstOnPath([binary]) !== undefined) process.stderr.write(`${failed}\n`);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port on the loopback');
  return address.port;
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
