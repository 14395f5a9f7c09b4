import type { Transaction } from '#database';
import { type DataSource, LessThanOrEqual, MoreThan } from 'typeorm';
import { SessionEntity } from './session.entity.js';
import { type PreviousToken, type Rotation, type Session, SessionStore } from './session-store.js';

/** Used without Redis. A rotation is one UPDATE: of two concurrent ones, the second waits for the first, and fails. */
export class PostgresSessionStore extends SessionStore {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async create(tx: Transaction, session: Session, limit: number): Promise<void> {
    await tx.getRepository(SessionEntity).insert(toRow(session));
    if (limit === 0) return;
    // Each use makes the expiry later, so the session that was unused for the longest time expires first. A locked session is
    // being used or ended at this moment: skip it.
    await tx.query(
      `WITH beyond AS (SELECT id FROM sessions WHERE client_uuid = $1 AND id <> $2 ORDER BY expires_at DESC OFFSET $3),
         free AS (SELECT id FROM sessions WHERE id IN (SELECT id FROM beyond) FOR UPDATE SKIP LOCKED)
       DELETE FROM sessions WHERE id IN (SELECT id FROM free)`,
      [session.clientUuid, session.id, limit - 1],
    );
  }

  async find(id: string): Promise<Session | undefined> {
    const sessions = this.dataSource.getRepository(SessionEntity);
    const found = await sessions.findOneBy({ id, expiresAt: MoreThan(new Date()) });
    if (found === null) return undefined;
    const { clientUuid, clientVersion, tokenHash, scope, expiresAt } = found;
    return { id, clientUuid, clientVersion, tokenHash, scope, expiresAt, previous: readPrevious(found) };
  }

  async rotate(tx: Transaction, id: string, tokenHash: string, next: Rotation): Promise<boolean> {
    const sessions = tx.getRepository(SessionEntity);
    const { affected } = await sessions.update({ id, tokenHash, expiresAt: MoreThan(new Date()) }, toRow(next));
    return affected === 1;
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.getRepository(SessionEntity).delete({ id });
  }

  async purge(): Promise<void> {
    await this.dataSource.getRepository(SessionEntity).delete({ expiresAt: LessThanOrEqual(new Date()) });
  }
}

function toRow<T extends Pick<Session, 'previous'>>({ previous, ...columns }: T) {
  const { tokenHash: previousHash = null, sealedPair = null, graceUntil = null } = previous ?? {};
  return { ...columns, previousHash, sealedPair, graceUntil };
}

function readPrevious({ previousHash, sealedPair, graceUntil }: SessionEntity): PreviousToken | null {
  if (previousHash === null || sealedPair === null || graceUntil === null) return null;
  return { tokenHash: previousHash, sealedPair, graceUntil };
}
