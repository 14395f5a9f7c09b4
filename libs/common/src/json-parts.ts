const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LIST = 0x5b;
const END_OF_LIST = 0x5d;
const OBJECT = 0x7b;
const END_OF_OBJECT = 0x7d;

/** A member of an object or an item of a list. The name of an item is its index. */
export interface JsonPart {
  name: string;
  text: string;
}

/** The members of a JSON object or the items of a list, one pass. `json` must be valid: these functions check nothing. */
export function* listParts(json: string): Generator<JsonPart> {
  let at = skipSpace(json, 0);
  const isObject = json.charCodeAt(at) === OBJECT;
  at = skipSpace(json, at + 1);
  for (let index = 0; ; index += 1) {
    if (json.charCodeAt(at) === END_OF_OBJECT || json.charCodeAt(at) === END_OF_LIST) return;
    let name = String(index);
    if (isObject) {
      const end = endOfText(json, at);
      name = readName(json, at, end);
      // After the colon.
      at = skipSpace(json, skipSpace(json, end) + 1);
    }
    const end = endOfValue(json, at);
    yield { name, text: json.slice(at, end) };
    at = skipSpace(json, end);
    if (json.charCodeAt(at) === COMMA) at = skipSpace(json, at + 1);
  }
}

/** An object or a list that is open. */
interface Level {
  /** Of an object. */
  names?: Set<string>;
  /** Where the pass is: a name or an index. */
  at: string | number;
}

/** The path of the first name that an object has twice, at any level, such as `parameters.0.a`; undefined: none. One pass. */
export function findRepeatedName(json: string): string | undefined {
  const levels: Level[] = [];
  for (let at = 0; at < json.length; at += 1) {
    const level = levels.at(-1);
    switch (json.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfText(json, at);
        if (level?.names && json.charCodeAt(skipSpace(json, end)) === COLON) {
          level.at = readName(json, at, end);
          if (level.names.has(level.at)) return levels.map((one) => one.at).join('.');
          level.names.add(level.at);
        }
        at = end - 1;
        break;
      }
      case OBJECT:
        levels.push({ names: new Set(), at: '' });
        break;
      case LIST:
        levels.push({ at: 0 });
        break;
      case END_OF_OBJECT:
      case END_OF_LIST:
        levels.pop();
        break;
      case COMMA:
        if (typeof level?.at === 'number') level.at += 1;
    }
  }
  return undefined;
}

/** The numbers that a double cannot hold exactly, as they are written: `9007199254740993`, `1e400`, `-0`. One pass. */
export function* listInexactNumbers(json: string): Generator<{ start: number; text: string }> {
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfText(json, at) - 1;
    else if (isDigit(code) || json[at] === '-') {
      const end = endOfValue(json, at);
      const text = json.slice(at, end);
      if (!isExact(text)) yield { start: at, text };
      at = end - 1;
    }
  }
}

/** Whole numbers with fewer digits are exact. */
const SAFE_DIGITS = 15;

function isExact(number: string): boolean {
  if (number.length <= SAFE_DIGITS && /^(?:0|-?[1-9]\d*)$/.test(number)) return true;
  return decimal(number) === decimal(String(Number(number)));
}

/** One text for all ways to write a decimal number. */
function decimal(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = whole + fraction;
  let [first, last] = [0, digits.length];
  while (digits[first] === '0') first += 1;
  while (last > first && digits[last - 1] === '0') last -= 1;
  const power = first === last ? 0 : Number(exponent) - fraction.length + digits.length - last;
  return `${sign}${digits.slice(first, last)}e${power}`;
}

function readName(json: string, start: number, end: number): string {
  const name = json.slice(start + 1, end - 1);
  return name.includes('\\') ? (JSON.parse(json.slice(start, end)) as string) : name;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function skipSpace(json: string, at: number): number {
  while (json.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** The index after the string that begins at `start`. */
function endOfText(json: string, start: number): number {
  let at = start + 1;
  while (json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** The index after the value that begins at `start`. */
function endOfValue(json: string, start: number): number {
  let at = start;
  let depth = 0;
  do {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfText(json, at);
    else {
      if (code === OBJECT || code === LIST) depth += 1;
      else if (code === END_OF_OBJECT || code === END_OF_LIST) depth -= 1;
      at += 1;
      // A number or a word ends before one of these.
      if (depth === 0 && !isEnd(code)) while (at < json.length && !isDelimiter(json.charCodeAt(at))) at += 1;
    }
  } while (depth > 0);
  return at;
}

function isEnd(code: number): boolean {
  return code === END_OF_OBJECT || code === END_OF_LIST;
}

function isDelimiter(code: number): boolean {
  return code <= 0x20 || code === COMMA || code === END_OF_OBJECT || code === END_OF_LIST;
}
