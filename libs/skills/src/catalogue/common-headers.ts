/** Of each answer: who sends one sets them. */
const OF_EACH = new Set(['traceparent', 'x-trace-id', 'ratelimit', 'ratelimit-policy', 'connection', 'content-length']);
/** What answers to pages of other origins have beside `Vary`. */
const CORS = 'access-control-';
/** Lists that are kept at a time. There is one, unless something sets headers for some callers only. */
const MAX_LISTS = 16;

/** The headers that hooks put on all answers alike, as one list for all answers that have the same. */
export class CommonHeaders {
  private readonly lists = new Map<string, readonly string[]>();
  private readonly others: ReadonlySet<string>;

  constructor(ofRoutes: readonly string[]) {
    this.others = new Set([...ofRoutes, ...OF_EACH]);
  }

  /** Names and values by turns. */
  of(headers: Readonly<Record<string, number | string | string[] | undefined>>): readonly string[] {
    const list: string[] = [];
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined || this.others.has(name) || name.startsWith(CORS)) continue;
      list.push(name, String(value));
    }
    const key = JSON.stringify(list);
    const known = this.lists.get(key);
    if (known) return known;
    if (this.lists.size < MAX_LISTS) this.lists.set(key, list);
    return list;
  }
}
