import { textFault } from './text.js';

/** What an address must be. */
export interface UrlTerms {
  /** Two at least, in lower case. */
  schemes: readonly string[];
  /** Code points. */
  max: number;
}

/** Why a value is not a valid URL to store, or undefined. Its address is checked when it is called. */
export function urlFault(value: unknown, { schemes, max }: UrlTerms): string | undefined {
  const fault = textFault(value, 1, max);
  if (fault !== undefined) return fault;
  const text = value as string;
  const url = parsed(text);
  // The parser forgives spaces, "http:host" and "http:///host"; others that read the URL will not.
  if (!url || !/^[a-z]+:\/\/[^\s\\/?#][^\s\\]*$/i.test(text) || !schemes.includes(url.protocol.slice(0, -1))) {
    return `must be a valid ${schemes.slice(0, -1).join(', ')} or ${schemes.at(-1)} URL`;
  }
  if (url.username !== '' || url.password !== '') return 'must not hold credentials';
  if (url.hash !== '') return 'must not hold a fragment';
  if (/^\.+$/.test(url.hostname)) return 'must name a host';
  if (url.port === '0') return 'must not have the port 0';
  return undefined;
}

/** Characters that mean the same with and without percent-encoding (RFC 3986 section 2.3). */
const UNRESERVED = /^[\w.~-]$/;

/**
 * The one spelling that all spellings of a URL have in common (RFC 3986 sections 6.2.2 and 6.2.3): scheme and host in lower
 * case, an international host name in punycode, an IP address in its short form, no default port, no dot segments, no
 * needless percent-encoding, and no path instead of `/`. A trailing slash after a path, and the query, stay. Returns a text
 * that is no URL as it is. Takes linear time.
 */
export function canonicalUrl(text: string): string {
  const url = parsed(text);
  if (!url) return text;
  const encoded = `${url.pathname}${url.search}`.replace(/%[\da-f]{2}/gi, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return UNRESERVED.test(character) ? character : code.toUpperCase();
  });
  return `${url.protocol}//${url.host}${encoded.replace(/^\/(?=\?|$)/, '')}`;
}

/**
 * The items that this URL means: the one with the same spelling, or else those with another spelling of the same URL. The
 * other spellings are computed only if no item has the same.
 */
export function selectByUrl<T extends { url: string }>(items: readonly T[], url: string): T[] {
  const same = items.filter((item) => item.url === url);
  if (same.length > 0) return same;
  const key = canonicalUrl(url);
  return items.filter((item) => canonicalUrl(item.url) === key);
}

/** Finds URLs whatever their spelling. Takes linear time in all. */
export class UrlSpellings {
  private readonly same = new Set<string>();
  /** By canonical URL. Filled when another spelling is asked for. */
  private readonly others = new Map<string, string>();
  private waiting: string[] = [];

  /** If two of the URLs are the same, the later one is found by other spellings. */
  constructor(urls: Iterable<string> = []) {
    for (const url of urls) this.add(url);
  }

  add(url: string): void {
    this.same.add(url);
    this.waiting.push(url);
  }

  /** Returns the spelling that is known: the same, or else another one of the same URL. */
  find(url: string): string | undefined {
    if (this.same.has(url)) return url;
    for (const known of this.waiting) this.others.set(canonicalUrl(known), known);
    this.waiting = [];
    return this.others.get(canonicalUrl(url));
  }
}

/** `URL.parse`, which Node has since 22. */
function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
