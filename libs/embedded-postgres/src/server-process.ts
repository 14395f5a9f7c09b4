import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { type ChildProgram, spawnProgram } from './child-program.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { stopServer } from './server-signal.js';

/**
 * Given on the command line, so that an existing cluster follows a new version of the service. Durability is left at
 * PostgreSQL's defaults (fsync and synchronous_commit on). The service logs errors of statements: here they
 * would contain the values of the statement.
 */
const SERVER_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  lc_messages: 'C',
};

/** Milliseconds until a server that neither ends nor gets ready counts as stuck; replaying a long log takes a while. */
const READY_WITHIN = 300_000;

export interface ServerProcess {
  /** Rejects if the server ends first. */
  ready: Promise<void>;
  /** Resolves to the reason when the server and its children have ended; never rejects. */
  ended: Promise<string>;
  /** Stops it within 22 s; does nothing if it has ended. */
  stop: () => Promise<void>;
}

export function spawnServer(
  binaries: PostgresBinaries,
  cluster: string,
  port: number,
  log: (message: string) => void,
): ServerProcess {
  const settings = Object.entries(SERVER_SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const last: string[] = [];
  const output = new EventEmitter();
  const announced = once(output, 'ready');
  const child = spawnProgram(binaries.postgres, ['-D', cluster, '-p', String(port), ...settings], (line) => {
    last.splice(0, last.length - 4, line);
    log(`postgres: ${line}`);
    if (line.includes('database system is ready to accept connections')) output.emit('ready');
  });
  const ended = waitForEnd(child);
  let timer: NodeJS.Timeout;
  const failed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('PostgreSQL does not get ready'));
    }, READY_WITHIN);
    void ended.then((why) => {
      reject(new Error([why, ...last].join(' | ')));
    });
  });
  const ready = Promise.race([announced, failed])
    .then(() => undefined)
    .finally(() => {
      clearTimeout(timer);
    });
  // If the server is stopped before it is ready, nothing handles the rejection of `ready`.
  ready.catch(() => undefined);
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      await stopServer(child.pid, binaries);
    }
  };
  return { ready, ended, stop };
}

/** A port that is free on the loopback now; another program may take it before PostgreSQL does. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}

/** `close` comes after the last line of output, `error` alone when the program could not be spawned. */
function waitForEnd(child: ChildProgram): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(`PostgreSQL cannot be run: ${error.message}`);
    });
    child.once('close', (code, signal) => {
      resolve(`PostgreSQL ended (${signal ?? `exit code ${code}`})`);
    });
  });
}
