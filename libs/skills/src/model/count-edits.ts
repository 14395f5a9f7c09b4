/**
 * Letters to insert, delete or replace, or neighbours to swap, to make one text of the other (optimal string alignment). It stops
 * counting above `most`, and returns a larger number then.
 */
export function countEdits(from: string, to: string, most = Infinity): number {
  if (Math.abs(from.length - to.length) > most) return Infinity;
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    // Farther from the diagonal, there are more edits than `most`.
    const next = new Array<number>(to.length + 1).fill(Infinity);
    next[0] = i;
    let least = i;
    for (let j = Math.max(1, i - most); j <= Math.min(to.length, i + most); j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const edits = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      );
      next[j] = edits;
      if (edits < least) least = edits;
    }
    // A swap counts from the row before, which may have one edit less.
    if (least > most + 1) return least;
    [before, row] = [row, next];
  }
  return row[to.length] ?? 0;
}
