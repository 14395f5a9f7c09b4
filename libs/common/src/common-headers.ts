import { validateHeaderName, validateHeaderValue } from 'node:http';

type Headers = Readonly<Record<string, number | string | string[] | undefined>>;

/** Of each answer: who sends one sets them. */
const OF_EACH = new Set(['traceparent', 'x-trace-id', 'ratelimit', 'ratelimit-policy', 'connection', 'content-length']);
/** What answers to pages of other origins have beside `Vary`. */
const CORS = 'access-control-';
/** Texts that are kept at a time. There is one, unless something sets headers for some callers only. */
const MAX_TEXTS = 16;

/** Headers as they stand in an answer, a line for each. @throws TypeError for what none can hold, a line break above all */
export function headerLines(headers: Headers): string {
  let lines = '';
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const text = String(value);
    validateHeaderName(name);
    validateHeaderValue(name, text);
    lines += `${name}: ${text}\r\n`;
  }
  return lines;
}

/** The headers that hooks put on all answers alike, as one text for all answers that have the same. */
export class CommonHeaders {
  private readonly texts = new Map<string, string>();
  private readonly others: ReadonlySet<string>;

  /** `ofRoutes`: what routes set themselves. */
  constructor(ofRoutes: readonly string[]) {
    this.others = new Set([...ofRoutes, ...OF_EACH]);
  }

  /** Of an answer that all hooks have seen: its lines. */
  of(headers: Headers): string {
    const common = Object.entries(headers).filter(([name]) => !this.others.has(name) && !name.startsWith(CORS));
    const text = headerLines(Object.fromEntries(common));
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size < MAX_TEXTS) this.texts.set(text, text);
    return text;
  }
}
