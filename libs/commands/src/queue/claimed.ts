/** What a claim has taken. */
export interface Claimed<T> {
  items: T[];
  /** Whether more is due, which waits for its share of the places. */
  isMore: boolean;
  /** Whether another replica has taken some of it at the same moment: the next claim finds other items. */
  isContested: boolean;
}

/** A row of a claim: counts of what was found, and an item unless nothing was taken. */
export type ClaimRow<T> = { waiting: number; chosen: number } & (T | { id: null });

export function readClaim<T extends { id: string }>(rows: readonly ClaimRow<T>[]): Claimed<T> {
  const items = rows.flatMap((row) => (row.id === null ? [] : [row as T]));
  const { waiting = 0, chosen = 0 } = rows[0] ?? {};
  return { items, isMore: waiting > items.length, isContested: chosen > items.length };
}
