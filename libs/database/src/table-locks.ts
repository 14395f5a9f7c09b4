import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { yieldAdvisoryLock } from './advisory-lock.js';
import { getSqlState } from './database-errors.js';

/**
 * Milliseconds that a statement of a migration waits for a table. All later statements, also reads, queue behind it, so it
 * gives up soon and lets them pass.
 */
export const LOCK_TIMEOUT_MS = 1_000;
const PAUSE_MS = 2_000;
/** Milliseconds after which the migration fails. A backup with pg_dump locks every table while it runs. */
const GIVE_UP_AFTER_MS = 15 * 60_000;

const LOCK_NOT_AVAILABLE = '55P03';

/** A migration could not lock its tables. The message names the transactions that hold them. */
export class TablesInUseError extends Error {
  constructor(holders: string, cause: unknown) {
    super(
      `A migration waits for tables in use, and gave up: ${holders}. What was migrated until then stays; try again.`,
      {
        cause,
      },
    );
    this.name = 'TablesInUseError';
  }
}

/**
 * Retries `work` while tables are in use. Each of its statements must have a lock_timeout, and it must not repeat what it has
 * committed. `session` holds the lock of migrations, and releases it between two attempts.
 * @throws TablesInUseError after 15 minutes
 */
export async function onceTablesAreFree<T>(session: EntityManager, work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (getSqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
      const holders = await oldestTransactions(session);
      if (performance.now() > giveUpAt) throw new TablesInUseError(holders, error);
      new Logger('database').warn(`a migration waits for tables in use: ${holders}`);
      // An older version waits for the lock in a statement, whose snapshot blocks CREATE INDEX CONCURRENTLY.
      await yieldAdvisoryLock(session, 'migrations', PAUSE_MS);
    }
  }
}

interface Holder {
  pid: number;
  program: string;
  seconds: number;
}

async function oldestTransactions(session: EntityManager): Promise<string> {
  const holders = await session.query<Holder[]>(
    `SELECT pid, COALESCE(NULLIF(application_name, ''), usename, '?') AS program,
       extract(epoch FROM now() - xact_start)::int AS seconds
     FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
     ORDER BY xact_start LIMIT 3`,
  );
  if (holders.length === 0) return 'they are free by now';
  const told = holders.map(({ pid, program, seconds }) => `process ${pid} (${program}), ${seconds} s`);
  return `the oldest transactions are of ${told.join(', ')}`;
}
