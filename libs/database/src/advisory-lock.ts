import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';

/** Advisory locks, shared by all replicas with one database. Never change the numbers. */
export const ADVISORY_LOCKS = {
  migrations: 8_206_001,
  adminClient: 8_206_002,
  leader: 8_206_003,
  replicas: 8_206_004,
} as const;
export type AdvisoryLock = keyof typeof ADVISORY_LOCKS;

/** Milliseconds between two attempts to take the lock. */
const LOOK_EVERY_MS = 50;

/**
 * Waits for the lock, and runs `work` while this session holds it. `work` gets the session, so one connection is enough.
 * PostgreSQL frees the lock when the session ends in any way. Session locks need a direct connection: a pooler in
 * transaction mode breaks them.
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

/** Releases the lock of this session for others that wait, and takes it again after a pause. */
export async function yieldAdvisoryLock(session: EntityManager, lock: AdvisoryLock, pauseMs: number): Promise<void> {
  await session.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCKS[lock]]);
  await delay(pauseMs);
  await take(session, lock);
}

/**
 * Polls, because a statement that waits would keep a snapshot, and CREATE INDEX CONCURRENTLY of the holder would wait for the
 * end of that snapshot.
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
