import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { describeError, jitteredPause } from '#common';
import type { AppSettings, DatabaseSettings } from '#config';
import { DataFolderInUseError, EmbeddedPostgres, runningServerUrl } from '#embedded-postgres';
import { setTimeout as delay } from 'node:timers/promises';
import { getSqlState } from './database-errors.js';
import { withConnection } from './short-connection.js';

const BACK_OFF = { first: 250, longest: 5_000 };
const LEAST_PING_MS = 500;
/** Errors that waiting does not solve: a wrong password, a missing database. */
const FINAL_STATES = new Set(['28P01', '28000', '3D000']);

/** The server of DATABASE_URL does not answer or refuses the connection. The message has no credentials. */
export class DatabaseUnreachableError extends Error {
  constructor(url: string, cause: unknown) {
    super(
      `Cannot use PostgreSQL at ${formatHost(url)}: ${describeError(cause)}. Check DATABASE_URL and that the server runs.`,
      {
        cause,
      },
    );
    this.name = 'DatabaseUnreachableError';
  }
}

/** The PostgreSQL server: that of DATABASE_URL, or one that this service starts and stops itself. */
@Injectable()
export class DatabaseServer implements OnApplicationShutdown {
  private constructor(
    readonly url: string,
    private readonly embedded?: EmbeddedPostgres,
  ) {}

  get isEmbedded(): boolean {
    return this.embedded !== undefined;
  }

  /**
   * @throws DataFolderInUseError if another service uses the data folder
   * @throws DatabaseUnreachableError if DATABASE_URL does not answer within DATABASE_START_TIMEOUT
   */
  static async open(app: Pick<AppSettings, 'dataDir'>, settings: DatabaseSettings): Promise<DatabaseServer> {
    const logger = new Logger('database');
    if (settings.url === undefined) {
      const embedded = await EmbeddedPostgres.start({
        dataDir: app.dataDir,
        log: (message) => {
          logger.debug(message);
        },
      });
      return new DatabaseServer(embedded.url, embedded);
    }
    await waitFor(settings.url, settings, logger);
    return new DatabaseServer(settings.url);
  }

  /**
   * Like `open`, but if a service uses the data folder, this uses the server of that service and does not stop it.
   * @throws DataFolderInUseError if that server does not accept connections yet
   */
  static async join(app: Pick<AppSettings, 'dataDir'>, settings: DatabaseSettings): Promise<DatabaseServer> {
    try {
      return await DatabaseServer.open(app, settings);
    } catch (error) {
      const url = error instanceof DataFolderInUseError ? runningServerUrl(app.dataDir) : undefined;
      if (url === undefined) throw error;
      await waitFor(url, settings, new Logger('database'));
      return new DatabaseServer(url);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.embedded?.stop();
  }
}

/** Waits with back-off for a server that is still starting. */
async function waitFor(url: string, settings: DatabaseSettings, logger: Logger): Promise<void> {
  const deadline = performance.now() + settings.startTimeout * 1000;
  for (let failures = 1; ; failures += 1) {
    try {
      await ping(url, Math.min(settings.connectTimeout, Math.max(deadline - performance.now(), LEAST_PING_MS)));
      return;
    } catch (error) {
      const left = deadline - performance.now();
      if (left <= 0 || FINAL_STATES.has(getSqlState(error) ?? '')) throw new DatabaseUnreachableError(url, error);
      logger.warn(
        `PostgreSQL at ${formatHost(url)} does not answer (${describeError(error)}); trying for ${Math.ceil(left / 1000)} s more`,
      );
      await delay(Math.min(jitteredPause(failures, BACK_OFF), left));
    }
  }
}

/** Connects and runs a query; each may take `timeout` milliseconds. */
export async function ping(url: string, timeout: number): Promise<void> {
  await withConnection(url, timeout, (client) => client.query('SELECT 1'));
}

/** Returns host and database of a URL, without the credentials. */
function formatHost(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}
