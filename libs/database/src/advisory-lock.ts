import type { DataSource, EntityManager } from 'typeorm';

/** What the service locks by name, cluster-wide in one database; the numbers are fixed for ever. */
export const ADVISORY_LOCKS = {
  migrations: 8_206_001,
  adminClient: 8_206_002,
  leader: 8_206_003,
  replicas: 8_206_004,
} as const;
export type AdvisoryLock = keyof typeof ADVISORY_LOCKS;

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
    await session.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCKS[lock]]);
    try {
      return await work(session.manager);
    } finally {
      await session.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCKS[lock]]);
    }
  } finally {
    await session.release();
  }
}
