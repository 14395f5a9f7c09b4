import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { describeError, jitteredPause } from '#common';
import type { AppSettings, DatabaseSettings } from '#config';
import { DataFolderInUseError, EmbeddedPostgres, runningServerUrl } from '#embedded-postgres';
import { setTimeout as delay } from 'node:timers/promises';
import { sqlStateOf } from './database-errors.js';
import { withConnection } from './short-connection.js';

const BACK_OFF = { first: 250, longest: 5_000 };
const LEAST_PING_MS = 500;
/** Answers that more waiting does not change: a wrong password, a database that is not there. */
const FINAL_STATES = new Set(['28P01', '28000', '3D000']);

/** DATABASE_URL does not answer, or not to us; the message says why without the credentials. */
export class DatabaseUnreachableError extends Error {
  constructor(url: string, cause: unknown) {
    super(
      `Cannot use PostgreSQL at ${hostOf(url)}: ${describeError(cause)}. Check DATABASE_URL and that the server runs.`,
      {
        cause,
      },
    );
    this.name = 'DatabaseUnreachableError';
  }
}

/** The PostgreSQL in use: the one of DATABASE_URL, or one that this service starts and stops itself. */
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
   * @throws DataFolderInUseError when another service runs on the data folder.
   * @throws DatabaseUnreachableError when DATABASE_URL does not answer within DATABASE_START_TIMEOUT.
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
   * As `open`; where a service runs on the data folder, its server is used, and left to it.
   * @throws DataFolderInUseError when that server does not accept connections yet.
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

/** Waits, with back-off, for a server that is still starting. */
async function waitFor(url: string, settings: DatabaseSettings, logger: Logger): Promise<void> {
  const deadline = performance.now() + settings.startTimeout * 1000;
  for (let failures = 1; ; failures += 1) {
    try {
      await ping(url, Math.min(settings.connectTimeout, Math.max(deadline - performance.now(), LEAST_PING_MS)));
      return;
    } catch (error) {
      const left = deadline - performance.now();
      if (left <= 0 || FINAL_STATES.has(sqlStateOf(error) ?? '')) throw new DatabaseUnreachableError(url, error);
      logger.warn(
        `PostgreSQL at ${hostOf(url)} does not answer (${describeError(error)}); trying for ${Math.ceil(left / 1000)} s more`,
      );
      await delay(Math.min(jitteredPause(failures, BACK_OFF), left));
    }
  }
}

/** Connects and asks for an answer, within so many milliseconds each. */
export async function ping(url: string, timeout: number): Promise<void> {
  await withConnection(url, timeout, (client) => client.query('SELECT 1'));
}

/** Host and database without the credentials. */
function hostOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}
