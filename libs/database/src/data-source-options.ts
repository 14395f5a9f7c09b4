import { Logger } from '@nestjs/common';
import type { DatabaseSettings } from '#config';
import type { Tracer } from '#tracing';
import type { DataSourceOptions, EntitySchema, MixedList } from 'typeorm';
import { BoundedClient } from './bounded-client.js';
import { MIGRATIONS } from './migrations/index.js';
import { tracedClient } from './traced-client.js';

/** Idle connections above DATABASE_POOL_SIZE are closed after this many milliseconds. */
const OVERFLOW_IDLE_MS = 10_000;

/**
 * Milliseconds that a transaction may be idle. This service sends one statement after the other, so an idle transaction
 * belongs to a process that hangs or is cut off, and must not hold its row locks any longer.
 */
const IDLE_IN_TRANSACTION_MS = 5_000;

/**
 * Planner settings. On SSDs and in memory a random page costs little more than the next one. JIT is off, because compiling
 * takes longer than the queries of this service.
 */
const PLANNER = '-c random_page_cost=1.1 -c jit=off';

export type Entities = MixedList<(new () => object) | EntitySchema>;

/**
 * The connection pool: DATABASE_POOL_SIZE connections are kept, DATABASE_MAX_OVERFLOW more are opened under load.
 * Every wait is bounded: for a connection, for a statement (by the server, and a little later by the client, if the server
 * does not answer) and for an idle transaction.
 */
export function dataSourceOptions(
  url: string,
  settings: DatabaseSettings,
  entities: Entities,
  tracer?: Tracer,
): DataSourceOptions {
  const logger = new Logger('database');
  return {
    type: 'postgres',
    url,
    entities,
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
    synchronize: false,
    installExtensions: false,
    applicationName: 'ooder-skill',
    parseInt8: true,
    connectTimeoutMS: settings.connectTimeout,
    poolErrorHandler: (error: Error, client?: unknown) => {
      if (!(client instanceof BoundedClient) || client.isLost)
        logger.warn(`a pooled connection was lost: ${error.message}`);
    },
    extra: {
      Client: tracer ? tracedClient(tracer) : BoundedClient,
      min: settings.poolSize,
      max: settings.poolSize + settings.maxOverflow,
      idleTimeoutMillis: OVERFLOW_IDLE_MS,
      keepAlive: true,
      options: PLANNER,
      statement_timeout: settings.statementTimeout,
      query_timeout: settings.statementTimeout + 1000,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    },
  };
}

/** Options for migrations, without a statement time-out. They need two connections: one for the lock, one for the work. */
export function migrationOptions(url: string, settings: DatabaseSettings): DataSourceOptions {
  const options = dataSourceOptions(url, settings, []);
  // Errors are thrown, so TypeORM must not log them too.
  return { ...options, logger: 'debug', extra: { Client: BoundedClient, max: 2, keepAlive: true } };
}

/**
 * Options for one connection outside of the pool, for a session lock. PostgreSQL ends it if it is idle for `silenceLimit`
 * milliseconds, also within a transaction.
 */
export function dedicatedOptions(url: string, settings: DatabaseSettings, silenceLimit: number): DataSourceOptions {
  const options = dataSourceOptions(url, settings, []);
  return {
    ...options,
    applicationName: 'ooder-skill leader',
    // The next query fails and reports it.
    poolErrorHandler: () => undefined,
    extra: {
      ...(options.extra as object),
      min: 0,
      max: 1,
      idleTimeoutMillis: 0,
      options: `${PLANNER} -c idle_session_timeout=${silenceLimit}`,
      // The server cancels a statement before the client gives up. Otherwise a statement that waits would keep the lock.
      statement_timeout: silenceLimit - 1_000,
      query_timeout: silenceLimit,
      idle_in_transaction_session_timeout: silenceLimit,
    },
  } as DataSourceOptions;
}
