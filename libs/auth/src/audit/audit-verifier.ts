import type { DataSource } from 'typeorm';
import type { Transaction } from '#database';
import { type BlockForm, BlockHash, GENESIS_HASH, SEALED_ENTRY_COLUMNS, type SealedEntry } from './audit-block.js';
import { PURGE_ACTION, purgeTarget } from './audit-retention.js';

const BLOCKS_AT_ONCE = 1_000;
const SEALS_AT_ONCE = 2_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** A block that was stored outside of the database, where people who can change the log cannot change it. */
export interface NotedBlock {
  number: number;
  hash: string;
}

export interface AuditReport {
  blocks: number;
  /** In blocks; of a broken log: up to the fault. */
  entries: number;
  /** Entries that are in no block yet. */
  unsealed: number;
  /** The last valid block. Store it elsewhere: the log itself cannot show that its end was cut off or replaced. */
  head: NotedBlock | null;
  /** The first error. */
  fault: string | null;
}

interface Block {
  number: number;
  entries: number;
  previous_hash: string;
  hash: string;
  form: BlockForm;
}

/** A seal, with the entry of its id; without one, the other columns are null. */
type Seal = { seal_id: string; block_number: number } & (SealedEntry | { id: null });

class Fault extends Error {}

/**
 * Recomputes the chain from its first block, which is not number 1 if old blocks were deleted. It reads one snapshot in
 * batches, so a service may write meanwhile, and the log may have any size.
 */
export async function verifyAudit(dataSource: DataSource, noted?: NotedBlock): Promise<AuditReport> {
  return dataSource.transaction('REPEATABLE READ', async (tx) => {
    await tx.query('SET TRANSACTION READ ONLY');
    const report: AuditReport = { blocks: 0, entries: 0, unsealed: await countUnsealed(tx), head: null, fault: null };
    try {
      await verifyChain(tx, report, noted);
      if (noted && noted.number > (report.head?.number ?? 0)) throw new Fault(`block ${noted.number} is missing`);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      report.fault = error.message;
    }
    return report;
  });
}

async function countUnsealed(tx: Transaction): Promise<number> {
  const [row] = await tx.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM audit_entries e WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.id = e.id)',
  );
  return row?.count ?? 0;
}

async function verifyChain(tx: Transaction, report: AuditReport, noted: NotedBlock | undefined): Promise<void> {
  const seals = sealsOf(tx);
  let seal = await seals.next();
  for await (const block of blocksOf(tx)) {
    if (report.head === null) await checkBeginning(tx, block);
    else checkLink(report.head, block);
    const hash = new BlockHash(block.form);
    for (; !seal.done && seal.value.block_number <= block.number; seal = await seals.next()) {
      const { value } = seal;
      if (value.block_number < block.number) throw new Fault(orphan(value));
      if (value.id === null) throw new Fault(`block ${block.number}: its entry ${value.seal_id} is missing`);
      const { seal_id: _seal, block_number: _block, ...entry } = value;
      hash.add(entry);
    }
    checkContent(block, hash);
    if (noted?.number === block.number && noted.hash !== block.hash)
      throw new Fault(`block ${block.number}: it is not the one that was noted`);
    report.blocks += 1;
    report.entries += block.entries;
    report.head = { number: block.number, hash: block.hash };
  }
  if (!seal.done) throw new Fault(orphan(seal.value));
}

/** Checks that the log itself says that all blocks before the first one were deleted because of their age. @throws Fault */
async function checkBeginning(tx: Transaction, { number, previous_hash }: Block): Promise<void> {
  if (number === 1) {
    if (previous_hash !== GENESIS_HASH) throw new Fault('block 1: it names a block before it');
    return;
  }
  const told = await tx.query<unknown[]>('SELECT FROM audit_entries WHERE target = $1 AND action = $2 LIMIT 1', [
    purgeTarget(number - 1),
    PURGE_ACTION,
  ]);
  if (told.length === 0) throw new Fault(`block ${number - 1} is missing: the log does not say that its time had come`);
}

function checkLink(head: NotedBlock, { number, previous_hash }: Block): void {
  if (number !== head.number + 1) throw new Fault(`block ${head.number + 1} is missing`);
  if (previous_hash !== head.hash) throw new Fault(`block ${number}: it names another hash of the block before it`);
}

function checkContent({ number, entries, previous_hash, hash: sealed }: Block, hash: BlockHash): void {
  const found = hash.entries;
  if (found < entries) throw new Fault(`block ${number}: ${entries - found} of its ${entries} entries are missing`);
  if (found > entries) throw new Fault(`block ${number}: it has ${found - entries} entries more than were sealed`);
  if (hash.digest(number, previous_hash) !== sealed) throw new Fault(`block ${number}: its entries were altered`);
}

function orphan({ seal_id, block_number }: Seal): string {
  return `entry ${seal_id}: the block ${block_number} that it is said to be in is missing`;
}

async function* blocksOf(tx: Transaction): AsyncGenerator<Block> {
  for (let after = Number.MIN_SAFE_INTEGER; ;) {
    const blocks = await tx.query<Block[]>(
      `SELECT number, entries, previous_hash, hash, form FROM audit_blocks WHERE number > $1 ORDER BY number LIMIT ${BLOCKS_AT_ONCE}`,
      [after],
    );
    yield* blocks;
    const last = blocks.at(-1);
    if (last === undefined) return;
    after = last.number;
  }
}

async function* sealsOf(tx: Transaction): AsyncGenerator<Seal, undefined> {
  for (let [block, id] = [Number.MIN_SAFE_INTEGER, FIRST_ID]; ;) {
    const seals = await tx.query<Seal[]>(
      `SELECT s.id AS seal_id, s.block_number, ${SEALED_ENTRY_COLUMNS}
       FROM audit_seals s LEFT JOIN audit_entries e ON e.id = s.id
       WHERE (s.block_number, s.id) > ($1, $2::uuid) ORDER BY s.block_number, s.id LIMIT ${SEALS_AT_ONCE}`,
      [block, id],
    );
    yield* seals;
    const last = seals.at(-1);
    if (last === undefined) return undefined;
    [block, id] = [last.block_number, last.seal_id];
  }
}
