import type { Transaction } from '#database';

/**
 * Lets the registrations that follow draw numbers above this one, as fencing needs it (protocol.md section 5). Whoever draws
 * one is writing a Skill: with that table held, for this moment, the sequence cannot be set back.
 */
export async function continueAbove(tx: Transaction, generation: number): Promise<void> {
  const [row] = await tx.query<{ last: number }[]>('SELECT last_value AS last FROM skill_generation');
  if (generation <= (row?.last ?? 0)) return;
  await tx.query('LOCK TABLE skills IN SHARE ROW EXCLUSIVE MODE');
  await tx.query(`SELECT setval('skill_generation', GREATEST($1::bigint, last_value)) FROM skill_generation`, [
    generation,
  ]);
}
