import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '#database';
import { AuditLog, systemActor } from './audit-log.js';

/**
 * 90 days (AI Bridge v0.6.0, section on logs), before which the triggers let nobody delete; and an hour, because an entry
 * may be a little younger than its block.
 */
const RETENTION = `interval '90 days 1 hour'`;
const BLOCKS_AT_ONCE = 1_000;
/** A block may have up to 1,000 entries. */
const ENTRIES_AT_ONCE = 20_000;

export const PURGE_ACTION = 'audit.purge';

/** The target of the entry which says that this block, and all before it, were deleted when their time had come. */
export function purgeTarget(number: number): string {
  return `audit_block:${number}`;
}

/**
 * Deletes what is over 90 days old: whole blocks, the oldest first, so that what remains is still a chain; the newest
 * block stays, to be continued. Each deletion is an entry itself: a chain that begins later than it should shows.
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
      const count = await this.transactions.run((tx) => this.purgeSome(tx));
      purged += count;
      if (count === 0) return purged;
    }
  }

  private async purgeSome(tx: Transaction): Promise<number> {
    const numbers = await this.oldest(tx);
    const last = numbers.at(-1);
    if (last === undefined) return 0;
    await tx.query(
      'DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_seals WHERE block_number = ANY($1::bigint[]))',
      [numbers],
    );
    await tx.query('DELETE FROM audit_seals WHERE block_number = ANY($1::bigint[])', [numbers]);
    await tx.query('DELETE FROM audit_blocks WHERE number = ANY($1::bigint[])', [numbers]);
    await this.log.record(tx, systemActor('retention'), [{ action: PURGE_ACTION, target: purgeTarget(last) }]);
    return numbers.length;
  }

  /** Blocks in a row from the first, all old enough. Held, so that two that purge do not both tell of it. */
  private async oldest(tx: Transaction): Promise<number[]> {
    const blocks = await tx.query<{ number: number; entries: number; old: boolean }[]>(
      `SELECT number, entries, created_at < now() - ${RETENTION} AND number < (SELECT max(number) FROM audit_blocks) AS old
       FROM audit_blocks ORDER BY number LIMIT ${BLOCKS_AT_ONCE} FOR UPDATE`,
    );
    const young = blocks.findIndex(({ old }) => !old);
    let entries = 0;
    return blocks
      .slice(0, young === -1 ? undefined : young)
      .filter((block) => (entries += block.entries) <= ENTRIES_AT_ONCE)
      .map(({ number }) => number);
  }
}
