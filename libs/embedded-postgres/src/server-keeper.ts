import { setTimeout as delay } from 'node:timers/promises';
import { ensureCluster } from './cluster-init.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { freePort, type ServerProcess, spawnServer } from './server-process.js';
import { stopStrayServer } from './stray-server.js';
import { backOff, describeError, type SupervisorMessage } from './supervisor-protocol.js';

export interface KeeperOptions {
  dataDir: string;
  passwordFile: string;
  binaries: PostgresBinaries;
  /** Undefined: any free one. */
  port: number | undefined;
  /** Fires when the server must stop; `keepServer` then returns. */
  stop: AbortSignal;
  say: (message: SupervisorMessage) => void;
}

/** Attempts of a first start: another program may take the port, or children of a killed server may still be ending. */
const FIRST_ATTEMPTS = 6;
/** If a server has run for this many milliseconds, the back-off begins again from its start. */
const SETTLED = 60_000;

/**
 * Runs PostgreSQL until `stop` fires: makes the cluster, starts the server, and starts it again on the same port
 * whenever it ends, with a back-off. Returns once the server has stopped.
 * @throws Error if the first attempts fail. Once the server was ready, attempts never end, because the service cannot work
 * without it.
 */
export async function keepServer(options: KeeperOptions): Promise<void> {
  const { stop, say } = options;
  try {
    const cluster = await ensureCluster(options.dataDir, options.passwordFile, options.binaries.initdb, stop);
    let { port } = options;
    let failures = 0;
    for (;;) {
      const began = performance.now();
      try {
        await serve(options, cluster, port ?? (await freePort()), (ready) => {
          port = ready;
        });
      } catch (error) {
        if (stop.aborted || (port === undefined && failures + 1 >= FIRST_ATTEMPTS)) throw error;
        say({ type: 'log', message: `${describeError(error)}; starting it again` });
      }
      failures = performance.now() - began > SETTLED ? 0 : failures + 1;
      await delay(backOff(Math.max(failures, 1)), undefined, { signal: stop });
    }
  } catch (error) {
    if (!stop.aborted || (error as Error).name !== 'AbortError') throw error;
  }
}

/**
 * Runs the server once, until `stop` fires.
 * @throws Error if the server ends by itself, or cannot be stopped.
 */
async function serve(
  { binaries, stop, say }: KeeperOptions,
  cluster: string,
  port: number,
  onReady: (port: number) => void,
): Promise<void> {
  const log = (message: string) => {
    say({ type: 'log', message });
  };
  await stopStrayServer(cluster, binaries, log);
  stop.throwIfAborted();
  const server: ServerProcess = spawnServer(binaries, cluster, port, log);
  let onStop: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    onStop = () => {
      reject(new DOMException('PostgreSQL is to stop', 'AbortError'));
    };
    stop.addEventListener('abort', onStop);
  });
  try {
    await Promise.race([server.ready, stopped]);
    onReady(port);
    say({ type: 'ready', port });
    throw new Error(await Promise.race([server.ended, stopped]));
  } finally {
    if (onStop) stop.removeEventListener('abort', onStop);
    await server.stop();
  }
}
