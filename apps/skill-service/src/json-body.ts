import {
  BadParameterError,
  type ExactMembers,
  faultError,
  findRepeatedName,
  isObject,
  jsonSizeFault,
  JsonText,
  keepTexts,
  listInexactNumbers,
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

/** What a route asks of its JSON. */
export interface JsonTerms {
  exactJson?: ExactMembers | undefined;
  exactNumbers?: boolean | undefined;
}

/** Most numbers are short, and a search for others is fast. */
const MAY_CHANGE = /\d[\d.]{15}|\d[eE]/;
const NUMBERS_TOLD = 3;
const LONGEST_NUMBER = 64;

/** @throws BadParameterError (1001) for numbers that `JSON.parse` changes; -0 and 0 are the same */
function assertExactNumbers(text: string): void {
  if (!MAY_CHANGE.test(text)) return;
  const changed: string[] = [];
  for (const { text: number } of listInexactNumbers(text)) {
    if (Number(number) === 0 && !/[1-9]/.test(number)) continue;
    changed.push(number.slice(0, LONGEST_NUMBER));
    if (changed.length === NUMBERS_TOLD) break;
  }
  if (changed.length > 0) throw bodyFault(`has numbers that would change: ${changed.join(', ')}`);
}

/** Parses JSON and refuses prototype keys. Check its size before. @throws BadParameterError (1001) */
export function parseJson(json: Buffer, { exactNumbers = false }: JsonTerms = {}): unknown {
  const text = decode(json);
  const value = parse(text);
  if (exactNumbers) assertExactNumbers(text);
  assertNoForbiddenKey(value);
  return value;
}

/** Reads a small body; undefined if it is empty. @throws BadParameterError (1001) */
export function parseJsonBody(body: Buffer, maxValues: number, terms: JsonTerms = {}): unknown {
  if (body.length === 0) return undefined;
  if (terms.exactJson) return complete(readJson(body, maxValues, terms));
  assertWithin(body, maxValues);
  return parseJson(body, terms);
}

/** Reads a large body in steps, with turns for other requests in between. @throws BadParameterError (1001) */
export function* readJson(
  body: Buffer,
  maxValues: number,
  { exactJson: exact, exactNumbers = false }: JsonTerms = {},
): Generator<undefined, unknown> {
  assertWithin(body, maxValues);
  yield;
  const text = decode(body);
  yield;
  let value = parse(text);
  yield;
  if (exactNumbers) {
    assertExactNumbers(text);
    yield;
  }
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
