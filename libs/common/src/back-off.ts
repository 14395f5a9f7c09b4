/** Milliseconds. */
export interface BackOffTerms {
  first: number;
  longest: number;
}

/** Milliseconds until the next attempt: twice as long after each failure. `failures` counts from 1. */
export function exponentialPause(failures: number, { first, longest }: BackOffTerms): number {
  return Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
}

/**
 * The same with jitter: a random share between 50 % and 100 %, so that callers that failed together do not return
 * together.
 */
export function jitteredPause(failures: number, terms: BackOffTerms, random: () => number = Math.random): number {
  return Math.round(exponentialPause(failures, terms) * (0.5 + random() / 2));
}
