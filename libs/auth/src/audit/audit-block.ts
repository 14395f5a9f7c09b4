import { createHash } from 'node:crypto';
import { canonicalJson } from '#common';

/** The previous hash of the first block. */
export const GENESIS_HASH = '0'.repeat(64);

/** An entry as it is hashed: every column, times in microseconds; without `reason` where that is null. */
export interface SealedEntry {
  id: string;
  actor: string;
  action: string;
  target: string;
  result: string;
  reason: string | null;
  before_digest: string | null;
  after_digest: string | null;
  trace_id: string;
  address: string;
  space_ids: string[] | null;
  created_at: string;
  updated_at: string;
}

const TIMES = ['created_at', 'updated_at'] as const;
const TEXTS = [
  'actor',
  'action',
  'target',
  'result',
  'reason',
  'before_digest',
  'after_digest',
  'trace_id',
  'address',
] as const;

/** The columns of a SealedEntry of `audit_entries e`. */
export const SEALED_ENTRY_COLUMNS = [
  'e.id::text AS id',
  ...TEXTS.map((name) => `e.${name}`),
  'e.space_ids',
  ...TIMES.map((name) => `to_char(e.${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${name}`),
].join(', ');

/** What the hash of a block covers. `null` (older releases): everything but the Spaces; 2: everything, with the form. */
export type BlockForm = null | 2;
export const BLOCK_FORM = 2;

/**
 * The hash of a block: SHA-256 of the canonical JSON of `{entries, form, number, previous_hash}`, entries in the order of
 * their ids; `form` null is left out. Fed one entry at a time, so that a block of any size takes no more memory than an
 * entry.
 */
export class BlockHash {
  private readonly hash = createHash('sha256').update('{"entries":[');
  private count = 0;

  constructor(private readonly form: BlockForm = BLOCK_FORM) {}

  get entries(): number {
    return this.count;
  }

  add(entry: SealedEntry): void {
    if (this.count > 0) this.hash.update(',');
    // Older blocks were sealed before these columns existed.
    const { reason, space_ids, ...rest } = entry;
    const told = { ...rest, ...(reason !== null && { reason }), ...(this.form !== null && { space_ids }) };
    this.hash.update(canonicalJson(told));
    this.count += 1;
  }

  /** The hash in hexadecimal. Call it once. */
  digest(number: number, previousHash: string): string {
    const form = this.form === null ? {} : { form: this.form };
    const rest = canonicalJson({ ...form, number, previous_hash: previousHash }).slice(1);
    return this.hash.update(`],${rest}`).digest('hex');
  }
}
