import { Injectable } from '@nestjs/common';
import { newId } from '#common';
import { type Transaction, Transactions, violatesUnique } from '#database';
import { BLOCK_FORM, BlockHash, GENESIS_HASH, SEALED_ENTRY_COLUMNS, type SealedEntry } from './audit-block.js';

const BLOCK_SIZE = 1_000;
/** Entries that are checked at once. Each call also reviews one part of the old entries: ten million in an hour and a half. */
const PART_SIZE = 20_000;
/** Entries of a transaction that takes at most this long are sealed at the next call; a review finds those of longer ones. */
const OVERLAP = `interval '10 minutes'`;

/** Times as PostgreSQL writes them. */
interface Period {
  from: string;
  to: string;
}

/**
 * Seals entries into blocks, each with the hash of the block before. Writers of entries do not wait for it: it reads all
 * committed entries that have no seal. If two sealers run at the same time, the unique number of the next block lets only
 * one of them write it.
 */
@Injectable()
export class AuditSealer {
  /** Where an unfinished pass goes on. */
  private since: string | undefined;
  private reviewedTo = '-infinity';

  constructor(private readonly transactions: Transactions) {}

  /** Seals all entries that are not sealed, oldest first; returns their number. Call it one at a time. */
  async seal(): Promise<number> {
    let sealed = 0;
    this.since ??= await this.newestSeal();
    while (this.since !== undefined) {
      const { count, next } = await this.sealPart(this.since);
      sealed += count;
      this.since = next;
    }
    // Reviews the older entries too, one part at each call: a sealer that died may have left some.
    const { count, next } = await this.sealPart(this.reviewedTo);
    this.reviewedTo = next ?? '-infinity';
    return sealed + count;
  }

  /** Seals the unsealed ones of the PART_SIZE entries from this time on; `next` is the time of the entry after them. */
  private async sealPart(from: string): Promise<{ count: number; next: string | undefined }> {
    const next = await this.endOfPart(from);
    const period = { from, to: next ?? 'infinity' };
    for (let count = 0; ;) {
      const sealed = await this.sealBlock(period);
      count += sealed.length;
      if (sealed.length < BLOCK_SIZE) return { count, next };
      // Sealed entries are not read again for each block. The next pass finds entries that an older transaction has committed
      // since.
      period.from = findNewest(sealed);
    }
  }

  /** The time of the newest block, less the time that a transaction may have taken to commit its entries. */
  private newestSeal(): Promise<string> {
    return this.transactions.run(async (tx) => {
      const [block] = await tx.query<{ since: string }[]>(
        `SELECT (created_at - ${OVERLAP})::text AS since FROM audit_blocks ORDER BY number DESC LIMIT 1`,
      );
      return block?.since ?? '-infinity';
    });
  }

  private endOfPart(from: string): Promise<string | undefined> {
    return this.transactions.run(async (tx) => {
      const [last] = await tx.query<{ at: string }[]>(
        `SELECT created_at::text AS at FROM audit_entries WHERE created_at >= $1
         ORDER BY created_at, id OFFSET ${PART_SIZE} LIMIT 1`,
        [from],
      );
      // More entries have the same time than fit into a part: the rest is one part.
      return last?.at === from ? undefined : last?.at;
    });
  }

  /** Returns the entries of the block; none if there is nothing to seal, or another sealer was faster. */
  private async sealBlock(period: Period): Promise<readonly SealedEntry[]> {
    try {
      return await this.transactions.run(async (tx) => {
        // Read the block first: if another sealer takes entries after this, its block has the number that this one wants.
        const [last] = await tx.query<{ number: number; hash: string }[]>(
          'SELECT number, hash FROM audit_blocks ORDER BY number DESC LIMIT 1',
        );
        const entries = await this.unsealed(tx, period);
        if (entries.length > 0) await this.append(tx, last ?? { number: 0, hash: GENESIS_HASH }, entries);
        return entries;
      });
    } catch (error) {
      if (violatesUnique(error, 'uq_audit_blocks_number') || violatesUnique(error, 'pk_audit_seals')) return [];
      throw error;
    }
  }

  private unsealed(tx: Transaction, { from, to }: Period): Promise<SealedEntry[]> {
    return tx.query<SealedEntry[]>(
      `SELECT * FROM (
         SELECT ${SEALED_ENTRY_COLUMNS} FROM audit_entries e
         WHERE e.created_at BETWEEN $1 AND $2 AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.id = e.id)
         ORDER BY e.created_at, e.id LIMIT ${BLOCK_SIZE}) oldest
       ORDER BY id COLLATE "C"`,
      [from, to],
    );
  }

  private async append(
    tx: Transaction,
    last: { number: number; hash: string },
    entries: readonly SealedEntry[],
  ): Promise<void> {
    const number = last.number + 1;
    const hash = new BlockHash();
    for (const entry of entries) hash.add(entry);
    await tx.query(
      'INSERT INTO audit_blocks (id, number, entries, previous_hash, hash, form) VALUES ($1, $2, $3, $4, $5, $6)',
      [newId(), number, entries.length, last.hash, hash.digest(number, last.hash), BLOCK_FORM],
    );
    await tx.query('INSERT INTO audit_seals (id, block_number) SELECT unnest($1::uuid[]), $2', [
      entries.map(({ id }) => id),
      number,
    ]);
  }
}

/** The newest time. All times have one format and zone, so that they can be compared as texts. */
function findNewest(entries: readonly SealedEntry[]): string {
  return entries.reduce((newest, { created_at }) => (created_at > newest ? created_at : newest), '');
}
