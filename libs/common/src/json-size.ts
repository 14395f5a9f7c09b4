/** How large a JSON document may be, beside its bytes. */
export interface JsonBounds {
  /** Levels of objects and arrays. `JSON.parse` takes any number, `JSON.stringify` fails at a few thousand. */
  levels: number;
  /** Items of arrays and members of objects, all the way down. */
  values: number;
  /** Members of objects alone: names that all differ cost ten times as much as numbers in a list. */
  keys: number;
  /**
   * Numbers that `JSON.stringify` may take long over, ten times as long as others: those with a fraction, an exponent (both: they
   * count twice) or more digits than a double has. Left out: as many as there are values.
   */
  reals?: number;
}

/** For documents from outside that are no request: what is within them is read in some 50 ms. */
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

/** Digits of a number from which on not every one is kept. */
const LONG_DIGITS = 17;

function isDigit(byte = 0): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/**
 * Counts brackets, commas and colons outside of strings, in one pass, before anything that recurses or takes memory. In
 * UTF-8 no byte of another character is one of these. Returns what is wrong; undefined: the document is within the bounds.
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
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (isDigit(byte)) {
      digits += 1;
      if (digits === LONG_DIGITS) realsLeft -= 1;
    } else if (byte === POINT) {
      realsLeft -= 1;
      // The number is counted.
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

/** A document from outside: its value, undefined when it is no JSON; or why it is not read. */
export type ForeignJson = { value: unknown; tooLarge?: undefined } | { value?: undefined; tooLarge: string };

/** Reads a document that may come from anybody. Never throws. */
export function readForeignJson(json: Uint8Array): ForeignJson {
  const tooLarge = jsonSizeFault(json, FOREIGN_BOUNDS);
  if (tooLarge !== undefined) return { tooLarge };
  try {
    return {
      value: JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8')) as unknown,
    };
  } catch {
    return { value: undefined };
  }
}
