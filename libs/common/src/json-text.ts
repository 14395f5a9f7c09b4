import { randomUUID } from 'node:crypto';
import { isObject } from './is-object.js';
import { listParts } from './json-parts.js';

/** What stands for a `JsonText` while `writeJson` runs. Nobody else can know it. */
const MARK = randomUUID();
let collected: string[] | undefined;

/**
 * A JSON value with its text, as it was written. `JSON.parse` and `JSON.stringify` change numbers, spaces and escapes;
 * `writeJson` writes the text itself (docs/adr/0053).
 */
export class JsonText {
  #value: unknown;

  /** `text` must be valid JSON; `value` is what it means, if it is parsed already. */
  constructor(
    readonly text: string,
    value?: unknown,
  ) {
    this.#value = value;
  }

  /** The parsed value. Numbers beyond a double are rounded. */
  get value(): unknown {
    if (this.#value === undefined) this.#value = JSON.parse(this.text);
    return this.#value;
  }

  /** The members of an object, by name; of another value none. @throws RepeatedNameError */
  members(): Map<string, JsonText> {
    const members = new Map<string, JsonText>();
    if (!this.text.trimStart().startsWith('{')) return members;
    for (const { name, text } of listParts(this.text)) {
      if (members.has(name)) throw new RepeatedNameError(name);
      members.set(name, new JsonText(text));
    }
    return members;
  }

  /** `JSON.stringify` alone, such as in a log, writes the parsed value. */
  toJSON(): unknown {
    if (collected === undefined) return this.value;
    collected.push(this.text);
    return MARK;
  }
}

/** An object has two members with one name: it cannot be said which one is meant. */
export class RepeatedNameError extends Error {
  constructor(name: string) {
    super(`${JSON.stringify(name.slice(0, 64).toWellFormed())} is given more than once`);
    this.name = 'RepeatedNameError';
  }
}

/** Like `JSON.stringify`, but writes each `JsonText` in the value as it came. */
export function writeJson(value: unknown): string {
  const texts: string[] = [];
  collected = texts;
  let json: string;
  try {
    json = JSON.stringify(value);
  } finally {
    collected = undefined;
  }
  if (texts.length === 0) return json;
  const pieces = json.split(`"${MARK}"`);
  return pieces.map((piece, index) => piece + (texts[index] ?? '')).join('');
}

/** Replaces members of an object by their texts. `json` is the text of the object; `names`: which members, undefined: all. */
export function keepTexts(value: unknown, json: string, names?: readonly string[]): unknown {
  if (!isObject(value)) return value;
  const entries: [string, unknown][] = [];
  for (const { name, text } of listParts(json)) {
    const isKept = names?.includes(name) ?? true;
    entries.push([name, isKept ? new JsonText(text, value[name]) : value[name]]);
  }
  return Object.fromEntries(entries);
}
