import { Injectable } from '@nestjs/common';
import { Transactions } from '#database';
import { AuditLog, systemActor } from './audit-log.js';

const BLOCKS_AT_ONCE = 1_000;
/** A block may have up to 1,000 entries. */
const ENTRIES_AT_ONCE = 20_000;

export const PURGE_ACTION = 'audit.purge';

/** The target of the entry which says that this block, and all before it, were deleted when their time had come. */
export function purgeTarget(number: number): string {
  return `audit_block:${number}`;
}

/**
 * Deletes entries that are over 90 days old: whole blocks, the oldest first, so that the rest is still a chain. The newest
 * block stays. A function of the database chooses them, since the service itself may delete nothing of
 * the log. Each deletion is an entry: a chain that begins later than it should shows.
 */
@Injectable()
export class AuditRetention {
  constructor(
    private readonly transactions: Transactions,
    private readonly log: AuditLog,
  ) {}

  /** Returns the number of blocks deleted. */
  async purge(): Promise<number> {
    for (let purged = 0; ;) {
      const count = await this.purgeSome();
      purged += count;
      if (count === 0) return purged;
    }
  }

  private purgeSome(): Promise<number> {
    return this.transactions.run(async (tx) => {
      const [deleted] = await tx.query<{ blocks: number; last_block: number | null }[]>(
        'SELECT blocks, last_block FROM audit_delete_oldest($1, $2)',
        [BLOCKS_AT_ONCE, ENTRIES_AT_ONCE],
      );
      const { blocks = 0, last_block = null } = deleted ?? {};
      if (last_block !== null) {
        await this.log.record(tx, systemActor('retention'), [
          { action: PURGE_ACTION, target: purgeTarget(last_block) },
        ]);
      }
      return blocks;
    });
  }
}
