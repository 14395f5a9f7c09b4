/** Milliseconds that a `Retry-After` asks for: seconds, or a date (RFC 9110 section 10.2.3). 0: it asks for nothing. */
export function readRetryAfter(header: string | string[] | undefined, now: number = Date.now()): number {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
