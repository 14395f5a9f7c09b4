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
 * A transaction of ours goes from statement to statement. One that stands for so many milliseconds is of a process that
 * stands still, or is cut off, and must not hold its rows any longer.
 */
const IDLE_IN_TRANSACTION_MS = 5_000;

/**
 * How queries are planned. Databases live on SSDs and in memory, where a random page costs little more than the next
 * one; and compiling a query takes longer than any of ours runs.
 */
const PLANNER = '-c random_page_cost=1.1 -c jit=off';

export type Entities = MixedList<(new () => object) | EntitySchema>;

/**
 * The connection pool: DATABASE_POOL_SIZE connections are kept, DATABASE_MAX_OVERFLOW more are opened under load.
 * Every wait is bounded: for a connection, for a statement (on the server, and a little later on this side, for a
 * server that no longer answers) and for a transaction that its owner forgot.
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

/** For migrations, one of which may take long and must not be cut off half-way: a connection for the lock, one to work on. */
export function migrationOptions(url: string, settings: DatabaseSettings): DataSourceOptions {
  const options = dataSourceOptions(url, settings, []);
  // What fails is thrown: no line of TypeORM's own among those of the log.
  return { ...options, logger: 'debug', extra: { Client: BoundedClient, max: 2, keepAlive: true } };
}

/**
 * One connection that is not of the pool, for a session lock. PostgreSQL ends it when nothing is heard of its owner for
 * `silenceLimit` milliseconds, also within a transaction.
 */
export function dedicatedOptions(url: string, settings: DatabaseSettings, silenceLimit: number): DataSourceOptions {
  const options = dataSourceOptions(url, settings, []);
  return {
    ...options,
    applicationName: 'ooder-skill leader',
    // Whoever uses it finds out by the next query, and says so.
    poolErrorHandler: () => undefined,
    extra: {
      ...(options.extra as object),
      min: 0,
      max: 1,
      idleTimeoutMillis: 0,
      options: `${PLANNER} -c idle_session_timeout=${silenceLimit}`,
      // Before this side gives up: a statement that waits for a row would keep the lock without anybody who leads.
      statement_timeout: silenceLimit - 1_000,
      query_timeout: silenceLimit,
      idle_in_transaction_session_timeout: silenceLimit,
    },
  } as DataSourceOptions;
}
