import { BadParameterError } from '#common';

/** Levels of objects and arrays that a body may nest; the deepest payload of the protocol has 5. */
const MAX_DEPTH = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function bodyFault(reason: string): BadParameterError {
  return new BadParameterError([{ field: 'body', reason }]);
}

/** @throws BadParameterError (1001) */
export function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw bodyFault('is not valid UTF-8');
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/**
 * Counts brackets and commas outside of strings, before anything that recurses or takes memory. In UTF-8 no byte of
 * another character is one of these. Undefined: the body is neither too deep nor has it too many values.
 */
function sizeFault(body: Buffer, maxValues: number): string | undefined {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === COMMA) values += 1;
    else if (byte === OPENING[0] || byte === OPENING[1]) {
      values += 1;
      depth += 1;
      if (depth > MAX_DEPTH) return `nests deeper than ${MAX_DEPTH} levels`;
    } else if (byte === CLOSING[0] || byte === CLOSING[1]) depth -= 1;
    if (values > maxValues) return `has more than ${maxValues} values`;
  }
  return undefined;
}

/** Names that every object has a meaning for. Nest would leave such fields out without a word. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Depth and values are bounded: this runs on what has no `sizeFault`. */
function hasForbiddenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasForbiddenKey);
  for (const key in value) {
    if (FORBIDDEN_KEYS.has(key) || hasForbiddenKey((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}

/**
 * JSON without prototype keys, of bounded depth and with a bounded number of values. An empty body is no body. Stops
 * where others may have their turn. @throws BadParameterError (1001)
 */
export function* readJson(body: Buffer, maxValues: number): Generator<undefined, unknown> {
  if (body.length === 0) return undefined;
  const fault = sizeFault(body, maxValues);
  if (fault !== undefined) throw bodyFault(fault);
  yield;
  const text = decode(body);
  yield;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bodyFault('is not valid JSON');
  }
  yield;
  if (hasForbiddenKey(value)) throw bodyFault('holds a forbidden key (__proto__, constructor or prototype)');
  return value;
}
