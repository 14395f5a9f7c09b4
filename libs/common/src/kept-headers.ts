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
/** What answers to pages of other origins have besides `Vary`. */
const CORS = 'access-control-';

/**
 * The headers of an answer that has passed all hooks, as the flat list that `writeHead` takes, without those that are
 * of this one answer: another answer of the same route can be sent with them.
 */
export function keptHeaders(headers: Headers): string[] {
  const kept: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !OF_ONE_ANSWER.has(name) && !name.startsWith(CORS)) kept.push(name, String(value));
  }
  return kept;
}
