import type { DataSource } from 'typeorm';
import { MIGRATIONS } from './migrations/index.js';
import type { Transaction } from './transactions.js';

/** Milliseconds that the reader of the rows may leave a snapshot idle, because an open snapshot blocks VACUUM. */
const PATIENCE_MS = 600_000;
const ROWS_AT_ONCE = 200;

/** Runs `work` in a read-only transaction on one state of the database, whatever is written meanwhile. Times are in UTC. */
export function inSnapshot<T>(dataSource: DataSource, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return dataSource.transaction('REPEATABLE READ', async (tx) => {
    await tx.query('SET TRANSACTION READ ONLY');
    await tx.query(`SET LOCAL idle_in_transaction_session_timeout = ${PATIENCE_MS}`);
    await tx.query(`SET LOCAL TimeZone = 'UTC'`);
    return work(tx);
  });
}

/** Yields the rows of a query by a cursor, so memory does not grow with their number. One cursor at a time in a transaction. */
export async function* rowsOf<T>(tx: Transaction, query: string): AsyncGenerator<T> {
  for await (const rows of portionsOf<T>(tx, query)) yield* rows;
}

/** As `rowsOf`, but yields up to `size` rows at once: other work gets its turn between two portions. */
export async function* portionsOf<T>(
  tx: Transaction,
  query: string,
  parameters: unknown[] = [],
  size = ROWS_AT_ONCE,
): AsyncGenerator<T[]> {
  await tx.query(`DECLARE rows_of NO SCROLL CURSOR FOR ${query}`, parameters);
  for (;;) {
    const rows = await tx.query<T[]>(`FETCH ${size} FROM rows_of`);
    yield rows;
    if (rows.length < size) break;
  }
  await tx.query('CLOSE rows_of');
}

/** Returns the newest migration that ran. @throws Error if it is not the last one of this release */
export async function schemaOf(tx: Transaction): Promise<string> {
  const expected = MIGRATIONS.at(-1)?.name;
  const [table] = await tx.query<{ exists: boolean }[]>(`SELECT to_regclass('migrations') IS NOT NULL AS exists`);
  const [newest] = table?.exists
    ? await tx.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY timestamp DESC LIMIT 1')
    : [];
  if (newest === undefined) throw new Error('The database has no tables of this service.');
  if (newest.name !== expected) {
    throw new Error(
      `The schema of the database is of another release (${newest.name}): run npm run db:migrate, or use that release.`,
    );
  }
  return newest.name;
}
