import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';

/** What the service locks by name, cluster-wide in one database; the numbers are fixed for ever. */
export const ADVISORY_LOCKS = {
  migrations: 8_206_001,
  adminClient: 8_206_002,
  leader: 8_206_003,
  replicas: 8_206_004,
} as const;
export type AdvisoryLock = keyof typeof ADVISORY_LOCKS;

/** Milliseconds between two looks whether the lock is free. */
const LOOK_EVERY_MS = 50;

/**
 * Runs `work` while this session alone holds the lock, and hands it the session, so that one connection is enough; waits for another holder. PostgreSQL frees the lock when the
 * session ends, however it ends. Session locks need a direct connection: a pooler in transaction mode breaks them.
 */
export async function withAdvisoryLock<T>(
  dataSource: DataSource,
  lock: AdvisoryLock,
  work: (session: EntityManager) => Promise<T>,
): Promise<T> {
  const session = dataSource.createQueryRunner();
  try {
    await take(session.manager, lock);
    try {
      return await work(session.manager);
    } finally {
      await session.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCKS[lock]]);
    }
  } finally {
    await session.release();
  }
}

/** Lets those have it who wait for the lock that this session holds, and takes it again after a pause. */
export async function yieldAdvisoryLock(session: EntityManager, lock: AdvisoryLock, pauseMs: number): Promise<void> {
  await session.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCKS[lock]]);
  await delay(pauseMs);
  await take(session, lock);
}

/**
 * Asks again and again, rather than once by a statement that waits: that would keep a snapshot, for the end of which
 * CREATE INDEX CONCURRENTLY of the holder waits.
 */
async function take(session: EntityManager, lock: AdvisoryLock): Promise<void> {
  for (;;) {
    const [row] = await session.query<[{ taken: boolean }]>('SELECT pg_try_advisory_lock($1) AS taken', [
      ADVISORY_LOCKS[lock],
    ]);
    if (row.taken) return;
    await delay(LOOK_EVERY_MS);
  }
}
