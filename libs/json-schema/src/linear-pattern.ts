import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';
import { spend } from './budget.js';

/** Characters of a regular expression. */
const MAX_PATTERN = 1_000;
/** Instructions of a compiled regular expression: a character of a text costs at most as many steps. */
const MAX_PROGRAM = 2_500;
/** Steps of an expression that cost one unit. */
const STEPS_PER_UNIT = 32;

const expressions = new LRUCache<string, LinearPattern>({ max: 1_000 });

/** A regular expression in the syntax of RE2: it takes time in proportion to the text (docs/adr/0043). */
export class LinearPattern {
  private constructor(
    private readonly pattern: string,
    private readonly expression: RE2JS,
  ) {}

  /** @throws Error if the pattern is not valid, too long or too complex, or has what RE2 has not */
  static of(pattern: string): LinearPattern {
    let known = expressions.get(pattern);
    if (known === undefined) {
      if (pattern.length > MAX_PATTERN) throw new Error(`must have at most ${MAX_PATTERN} characters`);
      assertSimple(pattern);
      known = new LinearPattern(pattern, RE2JS.compile(RE2JS.translateRegExp(pattern)));
      if (known.expression.programSize() > MAX_PROGRAM) throw new Error('is too complex');
      expressions.set(pattern, known);
    }
    return known;
  }

  /** Whether the pattern occurs in the text. @throws TooCostlyError */
  test(text: string): boolean {
    spend(1 + (text.length * this.expression.programSize()) / STEPS_PER_UNIT);
    return this.expression.test(text);
  }

  /** Ajv tells patterns from each other by this. */
  toString(): string {
    return this.pattern;
  }
}

/** Why a text is no pattern, or undefined. */
export function patternFault(pattern: string): string | undefined {
  try {
    LinearPattern.of(pattern);
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    const reason = message.replace(/^error parsing regexp: /, '');
    return reason === message ? reason : `must be a regular expression of RE2: ${reason.slice(0, 100).toWellFormed()}`;
  }
}

const REPEAT = /\{(\d+)(?:,(\d*))?\}/y;

/** Bounds the size of the program before it is made: repeats of groups multiply. @throws Error */
function assertSimple(pattern: string): void {
  const open = [0];
  let atom = 0;
  const add = (size: number): void => {
    atom = size;
    open.push((open.pop() ?? 0) + size);
  };
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    REPEAT.lastIndex = index;
    const repeat = character === '{' ? REPEAT.exec(pattern) : null;
    if (repeat) {
      const times = Math.max(Number(repeat[1]), Number(repeat[2] ?? 0), 1);
      const before = atom;
      add(before * (times - 1));
      atom = before * times;
      index += repeat[0].length - 1;
    } else if (character === '(') open.push(0);
    else if (character === ')') add(open.length > 1 ? (open.pop() ?? 0) : 0);
    else {
      if (character === '\\') {
        index += 1;
        if (pattern[index] === 'k') throw new Error('must not refer back to a group');
      } else if (character === '[') index = endOfClass(pattern, index);
      add(1);
    }
    if (open.reduce((sum, size) => sum + size) > MAX_PROGRAM) throw new Error('is too complex');
  }
}

function endOfClass(pattern: string, start: number): number {
  let index = start + 1;
  while (index < pattern.length && pattern[index] !== ']') index += pattern[index] === '\\' ? 2 : 1;
  return index;
}

/** Whether a pattern without a fault occurs in a text. */
export function matchesPattern(pattern: string, text: string): boolean {
  return LinearPattern.of(pattern).test(text);
}
