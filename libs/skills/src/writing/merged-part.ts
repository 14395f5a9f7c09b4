import type { Transaction } from '#database';

/** An endpoint or a capability, after a body with it was merged into its Skill. */
export interface MergedPart<Body> {
  id: string;
  isNew: boolean;
  body: Body;
}

/**
 * Updates the parts that a Skill has and inserts the others. `statement` gets `columns` and returns the place and the id of
 * each part that it has updated. A new part keeps its own id.
 */
export async function mergeParts<Body>(
  tx: Transaction,
  statement: string,
  columns: string[],
  parts: readonly { id: string; body: Body }[],
): Promise<MergedPart<Body>[]> {
  const known = await tx.query<{ place: number; id: string }[]>(statement, columns);
  const ids = new Map(known.map(({ place, id }) => [place, id]));
  return parts.map(({ id, body }, place) => ({ id: ids.get(place) ?? id, isNew: !ids.has(place), body }));
}
