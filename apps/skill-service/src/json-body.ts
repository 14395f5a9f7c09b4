import {
  BadParameterError,
  type ExactMembers,
  faultError,
  findRepeatedName,
  isObject,
  jsonSizeFault,
  JsonText,
  keepTexts,
  listParts,
} from '#common';

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
  if (typeof value !== 'object' || value === null || value instanceof JsonText) return false;
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
export function parseJsonBody(body: Buffer, maxValues: number, exact?: ExactMembers): unknown {
  if (body.length === 0) return undefined;
  if (exact) return complete(readJson(body, maxValues, exact));
  assertWithin(body, maxValues);
  return parseJson(body);
}

/** Reads a large body in steps, with turns for other requests in between. @throws BadParameterError (1001) */
export function* readJson(body: Buffer, maxValues: number, exact?: ExactMembers): Generator<undefined, unknown> {
  assertWithin(body, maxValues);
  yield;
  const text = decode(body);
  yield;
  let value = parse(text);
  yield;
  if (exact) {
    assertNoRepeatedName(text);
    yield;
    value = keepMembers(value, text, exact);
  }
  assertNoForbiddenKey(value);
  return value;
}

function complete(steps: Generator<undefined, unknown>): unknown {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

function assertNoRepeatedName(text: string): void {
  const path = findRepeatedName(text);
  if (path !== undefined) throw faultError([{ field: path, reason: 'is given more than once' }]);
}

/** The body with the texts of the members that the route passes on. */
function keepMembers(body: unknown, text: string, { list, members }: ExactMembers): unknown {
  if (list === undefined) return keepTexts(body, text, members);
  if (!isObject(body) || !Array.isArray(body[list])) return body;
  const items = body[list] as unknown[];
  const [part] = [...listParts(text)].filter(({ name }) => name === list);
  const texts = listParts(part?.text ?? '[]');
  return { ...body, [list]: Array.from(texts, (item, index) => keepTexts(items[index], item.text, members)) };
}
