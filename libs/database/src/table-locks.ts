import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { yieldAdvisoryLock } from './advisory-lock.js';
import { sqlStateOf } from './database-errors.js';

/**
 * Milliseconds that a statement of a migration waits for a table. While it waits, everybody who comes after it waits behind it,
 * readers too: so it steps back, and lets them through.
 */
export const LOCK_TIMEOUT_MS = 1_000;
const PAUSE_MS = 2_000;
/** Milliseconds after which it gives up: a backup with pg_dump holds every table for as long as it runs. */
const GIVE_UP_AFTER_MS = 15 * 60_000;

const LOCK_NOT_AVAILABLE = '55P03';

/** A migration found no moment at which its tables were free; the message says who holds them. */
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
 * Tries `work` again for as long as tables are in use; each of its statements must have a lock_timeout, and what it has committed
 * it must not do again. The session holds the lock of migrations, and lets others have it between two tries.
 * @throws TablesInUseError after 15 minutes.
 */
export async function onceTablesAreFree<T>(session: EntityManager, work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
      const holders = await oldestTransactions(session);
      if (performance.now() > giveUpAt) throw new TablesInUseError(holders, error);
      new Logger('database').warn(`a migration waits for tables in use: ${holders}`);
      // A start of the version before waits for the lock by a statement, whose snapshot keeps an index from being made.
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
