/** Milliseconds. */
export interface BackOff {
  first: number;
  longest: number;
}

/**
 * Milliseconds until the next attempt: twice as long after each failure, and of that a random part between the half and
 * the whole, so that what failed together does not come back together. `failures` counts from 1.
 */
export function pauseAfter(failures: number, { first, longest }: BackOff, random: () => number = Math.random): number {
  const whole = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return Math.round(whole * (0.5 + random() / 2));
}

/** Milliseconds that a `Retry-After` asks for: seconds, or a date (RFC 9110 section 10.2.3). 0: it asks for nothing. */
export function retryAfterOf(header: string | string[] | undefined, now: number = Date.now()): number {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
