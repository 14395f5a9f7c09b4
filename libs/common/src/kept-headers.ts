type Headers = Readonly<Record<string, number | string | string[] | undefined>>;

/** Headers that differ between any two answers: the sender of an answer sets them. */
const OF_ONE_ANSWER = new Set([
  'traceparent',
  'x-trace-id',
  'ratelimit',
  'ratelimit-policy',
  'connection',
  'content-length',
]);
const ALLOWED_ORIGIN = 'access-control-allow-origin';

/**
 * The headers of an answer that has passed all hooks, as the flat list that `writeHead` takes, without those that belong to
 * this answer only: with them an equal request without an `Origin` can be answered.
 */
export function keptHeaders(headers: Headers): string[] {
  const kept: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const isOfOneOrigin = name === ALLOWED_ORIGIN && value !== '*';
    if (value !== undefined && !OF_ONE_ANSWER.has(name) && !isOfOneOrigin) kept.push(name, String(value));
  }
  return kept;
}
