/** The result of a claim. */
export interface Claimed<T> {
  items: T[];
  /** Whether more items are due that got no place. */
  isMore: boolean;
  /** Whether another replica claimed some of the rows at the same moment: the next claim finds others. */
  isContested: boolean;
}

/** A row of a claim query: counts, and an item unless nothing was claimed. */
export type ClaimRow<T> = { waiting: number; chosen: number } & (T | { id: null });

export function readClaim<T extends { id: string }>(rows: readonly ClaimRow<T>[]): Claimed<T> {
  const items = rows.flatMap((row) => (row.id === null ? [] : [row as T]));
  const { waiting = 0, chosen = 0 } = rows[0] ?? {};
  return { items, isMore: waiting > items.length, isContested: chosen > items.length };
}
