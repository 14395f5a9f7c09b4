/** Milliseconds. */
export interface BackOffTerms {
  first: number;
  longest: number;
}

/**
 * Milliseconds until the next attempt: twice as long after each failure, and of that a random part between the half and
 * the whole, so that what failed together does not come back together. `failures` counts from 1.
 */
export function pauseAfter(
  failures: number,
  { first, longest }: BackOffTerms,
  random: () => number = Math.random,
): number {
  const whole = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return Math.round(whole * (0.5 + random() / 2));
}
