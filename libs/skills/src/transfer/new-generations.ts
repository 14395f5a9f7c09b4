import type { Transaction } from '#database';

/**
 * Raises the sequence of generations, so that later registrations get a higher one: fencing needs it (protocol.md
 * section 5). Each registration writes to `skills`, so the lock keeps others from using the sequence meanwhile.
 */
export async function continueAbove(tx: Transaction, generation: number): Promise<void> {
  const [row] = await tx.query<{ last: number }[]>('SELECT last_value AS last FROM skill_generation');
  if (generation <= (row?.last ?? 0)) return;
  await tx.query('LOCK TABLE skills IN SHARE ROW EXCLUSIVE MODE');
  await tx.query(`SELECT setval('skill_generation', GREATEST($1::bigint, last_value)) FROM skill_generation`, [
    generation,
  ]);
}
