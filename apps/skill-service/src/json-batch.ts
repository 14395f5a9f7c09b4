import { type BadParameterError, endOfString, MAX_BATCH_VALUES, MAX_BODY_VALUES } from '#common';
import { assertWithin, bodyFault, type JsonTerms, parseJson, readJson } from './json-body.js';

/** Milliseconds of parsing after which other requests have their turn. */
const SLICE_MS = 5;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_LIST = 0x5b;
const OPENING = [OPENING_LIST, 0x7b];
const CLOSING = [0x5d, 0x7d];

/** Indexes of the opening bracket of a list, of its commas and of its closing bracket: between each two of them is an item. */
type Marks = number[];

/**
 * Reads a batch item by item, with turns for other requests in between: `JSON.parse` of eight megabytes may take half a
 * second. An item has the bounds of a body of its own. @throws BadParameterError (1001)
 */
export function* readBatch(body: Buffer, list: string, terms: JsonTerms = {}): Generator<undefined, unknown> {
  assertWithin(body, MAX_BATCH_VALUES);
  yield;
  const marks = marksOf(body, list);
  const [first, last] = [marks[0], marks.at(-1)];
  if (first === undefined || last === undefined) return yield* readJson(body, MAX_BODY_VALUES, terms);
  const frameBytes = Buffer.concat([body.subarray(0, first + 1), body.subarray(last)]);
  const frame = (yield* readJson(frameBytes, MAX_BODY_VALUES, terms)) as Record<string, unknown>;
  // JSON.parse takes the last of two members with one name.
  if (!Array.isArray(frame[list])) throw repeated(list);
  const items: unknown[] = [];
  let since = performance.now();
  for (let index = 1; index < marks.length; index += 1) {
    const item = body.subarray((marks[index - 1] ?? 0) + 1, marks[index]);
    // The list may be empty.
    if (marks.length === 2 && item.toString('latin1').trim() === '') break;
    assertWithin(item, MAX_BODY_VALUES);
    items.push(parseJson(item, terms));
    if (performance.now() - since > SLICE_MS) {
      yield;
      since = performance.now();
    }
  }
  return { ...frame, [list]: items };
}

/** Returns no marks if the body is not an object with such a list. @throws BadParameterError (1001) if it has two */
function marksOf(body: Buffer, list: string): Marks {
  const name = Buffer.from(`"${list}"`);
  const marks: Marks = [];
  let depth = 0;
  let isOpen = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (byte === QUOTE) index = endOfString(body, index);
    else if (byte === COMMA) {
      if (isOpen && depth === 2) marks.push(index);
    } else if (byte === OPENING[0] || byte === OPENING[1]) {
      depth += 1;
      if (depth !== 2 || byte !== OPENING_LIST || !isNamed(body, index, name)) continue;
      if (marks.length > 0) throw repeated(list);
      isOpen = true;
      marks.push(index);
    } else if (byte === CLOSING[0] || byte === CLOSING[1]) {
      if (isOpen && depth === 2) marks.push(index);
      depth -= 1;
      if (depth < 2) isOpen = false;
    }
  }
  // A list that is never closed is not JSON.
  return isOpen ? [] : marks;
}

function repeated(list: string): BadParameterError {
  return bodyFault(`has "${list}" twice`);
}

/** Whether the value that begins at `at` is the member with this name. */
function isNamed(body: Buffer, at: number, name: Buffer): boolean {
  const colon = skipBack(body, at - 1);
  if (body[colon] !== COLON) return false;
  const end = skipBack(body, colon - 1) + 1;
  const begin = end - name.length;
  return begin > 0 && body[begin - 1] !== BACKSLASH && body.subarray(begin, end).equals(name);
}

/** The index of the last byte up to `from` that is no white space. */
function skipBack(body: Buffer, from: number): number {
  let index = from;
  while (index > 0 && (body[index] ?? 0) <= 0x20) index -= 1;
  return index;
}
