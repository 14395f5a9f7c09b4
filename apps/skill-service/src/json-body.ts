import { BadParameterError, jsonSizeFault } from '#common';

/** Levels of objects and arrays that a body may nest; a JSON Schema of 32 levels is in a Skill of a batch. */
const LEVELS = 40;

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

/** Names with a meaning in every JavaScript object. Nest would drop such fields silently. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** The recursion is bounded: `assertWithin` has checked levels and values before. */
function hasForbiddenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasForbiddenKey);
  for (const key in value) {
    if (FORBIDDEN_KEYS.has(key) || hasForbiddenKey((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}

/** Checks the size before anything takes memory or recurses. @throws BadParameterError (1001) */
export function assertWithin(json: Buffer, maxValues: number): void {
  const fault = jsonSizeFault(json, { levels: LEVELS, values: maxValues, keys: maxValues });
  if (fault !== undefined) throw bodyFault(fault);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bodyFault('is not valid JSON');
  }
}

function assertNoForbiddenKey(value: unknown): void {
  if (hasForbiddenKey(value)) throw bodyFault('holds a forbidden key (__proto__, constructor or prototype)');
}

/** Parses JSON and refuses prototype keys. Check its size before. @throws BadParameterError (1001) */
export function parseJson(json: Buffer): unknown {
  const value = parse(decode(json));
  assertNoForbiddenKey(value);
  return value;
}

/** Reads a small body; undefined if it is empty. @throws BadParameterError (1001) */
export function parseJsonBody(body: Buffer, maxValues: number): unknown {
  if (body.length === 0) return undefined;
  assertWithin(body, maxValues);
  return parseJson(body);
}

/** Reads a large body in steps, with turns for other requests in between. @throws BadParameterError (1001) */
export function* readJson(body: Buffer, maxValues: number): Generator<undefined, unknown> {
  assertWithin(body, maxValues);
  yield;
  const text = decode(body);
  yield;
  const value = parse(text);
  yield;
  assertNoForbiddenKey(value);
  return value;
}
