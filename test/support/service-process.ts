import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SETTING_VARIABLES } from '#config';
import { copyDataFolder } from './data-folder.js';
import { processesNaming } from './processes.js';
import { until } from './until.js';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServiceOptions {
  /**
   * On top of an environment that holds no variable of the service. APP_PORT is 0, a free one, there is no upstream
   * registry, no probe, and no limit of tokens, unless set here. Undefined: not set at all.
   */
  env?: Record<string, string | undefined>;
  /** The working directory, by default a new folder; DATA_DIR is `.data` in it unless set. */
  cwd?: string;
  /** The root folder of another version, built; by default this one. */
  build?: string;
  /** Another built program of the service, and its arguments. */
  program?: string;
  args?: string[];
  /** In a shell that takes SIGTERM for itself alone, as `npm start` does. */
  asNpmStart?: boolean;
}

export interface LogLine extends Record<string, unknown> {
  level: string;
  msg: string;
  context?: string;
}

const ROOT = resolve(import.meta.dirname, '..', '..');
const PROGRAMS = join('dist', 'apps', 'skill-service', 'src');
const READY_WITHIN_MS = 50_000;
const SHELL_OF_NPM = '"$0" "$@"; exit $?';
/** Reads a pipe that ends with the process that holds it: a test run that is killed leaves no service behind. */
const WARDEN = 'read _; kill -9 "$0" 2>/dev/null';

const started = new Set<ServiceProcess>();
const folders = new Set<string>();

/** The built service as a process of its own. */
export class ServiceProcess {
  /** Standard output and standard error, as they came. */
  output = '';
  readonly ended: Promise<Exit>;
  readonly cwd: string;
  readonly dataDir: string;
  private readonly child: ChildProcess;
  private readonly warden: ChildProcess;

  constructor({
    env = {},
    cwd = newFolder(),
    build = ROOT,
    program = 'main.js',
    args = [],
    asNpmStart,
  }: ServiceOptions) {
    this.cwd = cwd;
    this.dataDir = resolve(cwd, env.DATA_DIR ?? '.data');
    const command = [process.execPath, join(build, PROGRAMS, program), ...args];
    const [file = '', ...rest] = asNpmStart ? ['sh', '-c', SHELL_OF_NPM, ...command] : command;
    this.child = spawn(file, rest, {
      cwd,
      env: {
        ...bareEnvironment(),
        APP_PORT: '0',
        AI_BRIDGE_REGISTRY_URL: '',
        PROBE_INTERVAL: '0',
        // Tests ask for more tokens than an honest client.
        RATE_LIMIT_TOKEN: '0',
        ...(asNpmStart && { npm_lifecycle_event: 'start' }),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.warden = spawn('sh', ['-c', WARDEN, String(this.pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.warden.stdin?.on('error', () => undefined);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      this.warden.kill('SIGKILL');
      return { code, signal };
    });
    started.add(this);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Where it listens; it says so when it is ready. */
  get url(): string {
    const [, url] = /"API +(https?:\S+)\/api\/v1"/.exec(this.output) ?? [];
    if (url === undefined) throw new Error(`The service is not ready:\n${this.output}`);
    return url.replace('localhost', '127.0.0.1');
  }

  get isReady(): boolean {
    return this.output.includes('"Client ');
  }

  get lines(): LogLine[] {
    return this.output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
  }

  get messages(): string[] {
    return this.lines.map(({ msg }) => msg);
  }

  get adminSecret(): string {
    return readFileSync(join(this.dataDir, 'admin-client-secret'), 'utf8').trim();
  }

  /** Nobody reads it any more: what the service writes there next fails with EPIPE. */
  abandon(...streams: ('stdout' | 'stderr')[]): void {
    for (const stream of streams) this.child[stream]?.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** SIGTERM, and the end that comes of it. */
  stop(): Promise<Exit> {
    this.kill('SIGTERM');
    return this.ended;
  }

  /** Programs that run on the data folder: the supervisor of the embedded PostgreSQL and its server. */
  databaseProcesses(): number[] {
    return processesNaming(this.dataDir);
  }
}

/** Starts the service and waits until it is ready. @throws Error with its output when it ends instead. */
export async function startService(options: ServiceOptions = {}): Promise<ServiceProcess> {
  const service = spawnService(options);
  await until(
    () => service.isReady || !service.isRunning,
    READY_WITHIN_MS,
    () => service.output,
  );
  if (!service.isReady) throw new Error(`The service ended:\n${service.output}`);
  return service;
}

export function spawnService(options: ServiceOptions = {}): ServiceProcess {
  return new ServiceProcess(options);
}

/** Runs a program of the service, or a start that fails, to its end. */
export async function runService(options: ServiceOptions = {}): Promise<Exit & { output: string; ms: number }> {
  const began = performance.now();
  const service = spawnService(options);
  await until(
    () => service.isReady || !service.isRunning,
    READY_WITHIN_MS,
    () => service.output,
  );
  if (service.isReady) throw new Error(`The service started:\n${service.output}`);
  const exit = await service.ended;
  return { ...exit, output: service.output, ms: performance.now() - began };
}

/** A folder that `endServices` removes. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ooder-process-'));
  folders.add(folder);
  return folder;
}

/** The same, in which a start without DATABASE_URL finds an embedded server that was initialised before. */
export function newFolderWithDatabase(): string {
  const folder = newFolder();
  copyDataFolder(join(folder, '.data'));
  return folder;
}

/** For afterAll: ends what a test left running, with its PostgreSQL, and removes the folders. */
export async function endServices(): Promise<void> {
  for (const service of started) {
    if (service.isRunning) service.kill('SIGKILL');
    await service.ended;
    await until(() => service.databaseProcesses().length === 0, 30_000);
  }
  started.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  folders.clear();
}

function bareEnvironment(): NodeJS.ProcessEnv {
  const foreign = new Set([...SETTING_VARIABLES, 'NODE_OPTIONS', 'npm_lifecycle_event']);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.has(name)));
}
