import { bodyFault, decode, FORBIDDEN_KEYS } from './json-body.js';

/** The most parameters of a query string or a form. */
export const MAX_PARAMETERS = 100;
const METADATA_PREFIX = 'metadata.';
const AMPERSAND = '&';

type Parameters = Record<string, string | string[]>;

/** Counts separators, before anything is decoded. */
function isTooMany(text: string | Buffer, from = 0): boolean {
  let at = from - 1;
  for (let count = 1; count <= MAX_PARAMETERS; count += 1) {
    at = text.indexOf(AMPERSAND, at + 1);
    if (at === -1) return false;
  }
  return true;
}

/** Whether the query string of a URL has too many parameters; then `parseQuery` does not read it. */
export function hasTooManyParameters(url: string): boolean {
  const query = url.indexOf('?');
  return query !== -1 && isTooMany(url, query + 1);
}

/** Parses a form. A repeated parameter becomes an array, which no field accepts. @throws BadParameterError (1001) */
export function parseFormBody(body: Buffer): Parameters {
  if (isTooMany(body)) throw bodyFault(`has more than ${MAX_PARAMETERS} parameters`);
  return collect(new URLSearchParams(decode(body)));
}

/**
 * Parses a query string. Parameters `metadata.KEY=VALUE` become one object `metadata`. Never throws: the router calls it
 * before any hook. Reads nothing if there are too many parameters; `registerRequestConformance` refuses those.
 */
export function parseQuery(text: string): Record<string, unknown> {
  const query: Record<string, unknown> = {};
  if (text === '' || isTooMany(text)) return query;
  const metadata: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(collect(new URLSearchParams(text)))) {
    const key = name.startsWith(METADATA_PREFIX) ? name.slice(METADATA_PREFIX.length) : undefined;
    // A name that no route knows, so that validation refuses it.
    if (FORBIDDEN_KEYS.has(key ?? name)) query[`"${name}"`] = value;
    else if (key === undefined) query[name] = value;
    else metadata[key] = value;
  }
  if (Object.keys(metadata).length > 0) query.metadata = metadata;
  return query;
}

function collect(parameters: URLSearchParams): Parameters {
  const collected = Object.create(null) as Parameters;
  for (const [name, value] of parameters) {
    const present = collected[name];
    if (present === undefined) collected[name] = value;
    else if (Array.isArray(present)) present.push(value);
    else collected[name] = [present, value];
  }
  return collected;
}
