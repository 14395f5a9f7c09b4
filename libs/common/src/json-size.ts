import { JsonText } from './json-text.js';

/** The largest size of a JSON document, besides its bytes. */
export interface JsonBounds {
  /** Levels of objects and arrays. `JSON.parse` takes any number of levels, `JSON.stringify` fails at a few thousand. */
  levels: number;
  /** Items of arrays and members of objects, at all levels. */
  values: number;
  /** Members of objects alone: different names cost ten times as much as numbers in a list. */
  keys: number;
  /**
   * Numbers that `JSON.stringify` writes ten times slower than others: those with a fraction, an exponent (both: they count
   * twice) or more digits than a double has. Default: no bound.
   */
  reals?: number;
}

/** For documents from other servers, such as answers of Skills. Within these bounds one is read in about 50 ms. */
export const FOREIGN_BOUNDS = {
  levels: 100,
  values: 500_000,
  keys: 100_000,
  reals: 160_000,
} as const satisfies JsonBounds;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const POINT = 0x2e;
const EXPONENT = 0x65;
const TO_LOWER = 0x20;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/** A number with so many digits does not fit into a double. */
const LONG_DIGITS = 17;

function isDigit(byte = 0): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Returns the index of the quote that closes the string which begins at `start`; the length of the JSON if none does. */
export function endOfString(json: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < json.length && json[index] !== QUOTE) index += json[index] === BACKSLASH ? 2 : 1;
  return index;
}

/**
 * Counts brackets, commas and colons outside of strings, in one pass, before anything that recurses or takes memory. In
 * UTF-8 no other character contains one of these bytes. Returns undefined if the document is within the bounds, or the
 * reason if it is not.
 */
export function jsonSizeFault(
  json: Uint8Array,
  { levels, values, keys, reals = Infinity }: JsonBounds,
): string | undefined {
  let depth = 0;
  let realsLeft = reals;
  let digits = 0;
  let valuesLeft = values;
  let keysLeft = keys;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index] ?? 0;
    if (byte === QUOTE) index = endOfString(json, index);
    else if (isDigit(byte)) {
      digits += 1;
      if (digits === LONG_DIGITS) realsLeft -= 1;
    } else if (byte === POINT) {
      realsLeft -= 1;
      // This number is counted already.
      digits = -Infinity;
    } else if ((byte | TO_LOWER) === EXPONENT && isDigit(json[index - 1])) realsLeft -= 1;
    else if (byte === COMMA) {
      valuesLeft -= 1;
      digits = 0;
    } else if (byte === COLON) {
      keysLeft -= 1;
      digits = 0;
    } else if (byte === OPENING[0] || byte === OPENING[1]) {
      valuesLeft -= 1;
      depth += 1;
      if (depth > levels) return `nests deeper than ${levels} levels`;
    } else if (byte === CLOSING[0] || byte === CLOSING[1]) depth -= 1;
    if (valuesLeft < 0) return `has more than ${values} values`;
    if (realsLeft < 0) return `has more than ${reals} numbers with a fraction or an exponent`;
    if (keysLeft < 0) return `has more than ${keys} members of objects`;
  }
  return undefined;
}

/** A document from another server: its value and its text, undefined if it is not JSON; or why it is too large. */
export interface ForeignJson {
  value?: unknown;
  json?: JsonText;
  tooLarge?: string;
}

/** Reads a document from a server that nobody trusts. Never throws. */
export function readForeignJson(json: Uint8Array): ForeignJson {
  const tooLarge = jsonSizeFault(json, FOREIGN_BOUNDS);
  if (tooLarge !== undefined) return { tooLarge };
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8');
  try {
    const value = JSON.parse(text) as unknown;
    return { value, json: new JsonText(text, value) };
  } catch {
    return {};
  }
}
