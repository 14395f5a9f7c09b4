import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';
import { spend } from './budget.js';

/** Characters of a regular expression. */
const MAX_PATTERN = 1_000;
/** Instructions of a compiled regular expression: a character of a text costs at most as many steps. */
const MAX_PROGRAM = 2_500;
/** Steps of an expression that cost one unit. */
const STEPS_PER_UNIT = 32;

/** What any pattern takes besides its instructions, in instructions: time to compile, and memory. */
const BASE_COST = 20;
/** The same, for each class of characters. */
const CLASS_COST = 50;
/** The cost of all different patterns in one schema: some 50 ms. */
const MAX_COST = 25_000;
/** Instructions of the expressions that are kept; each takes some 170 bytes. */
const MAX_KEPT = 100_000;

const expressions = new LRUCache<string, LinearPattern>({
  maxSize: MAX_KEPT,
  sizeCalculation: ({ size }) => size,
});

/** A regular expression in the syntax of RE2: it takes time in proportion to the text (docs/adr/0043). */
export class LinearPattern {
  /** The memory that it takes, in instructions. */
  readonly size: number;

  private constructor(
    private readonly pattern: string,
    private readonly expression: RE2JS,
  ) {
    this.size = BASE_COST + expression.programSize();
  }

  /** @throws Error if the pattern is not valid, too long or too complex, or has what RE2 has not */
  static of(pattern: string): LinearPattern {
    let known = expressions.get(pattern);
    if (known === undefined) {
      estimateCost(pattern);
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

/** Checks the patterns of one schema. Those beyond what may be compiled for one schema are refused, and not compiled. */
export class PatternsCheck {
  private left = MAX_COST;
  private readonly known = new Set<string>();

  /** Why a text is no pattern, or undefined. */
  faultOf(pattern: string): string | undefined {
    return faultOf(() => {
      if (this.known.has(pattern)) return;
      if (this.left > 0) this.left -= estimateCost(pattern);
      if (this.left < 0) throw new Error('is too complex together with the other patterns');
      LinearPattern.of(pattern);
      this.known.add(pattern);
    });
  }
}

function faultOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    const reason = message.replace(/^error parsing regexp: /, '');
    return reason === message ? reason : `must be a regular expression of RE2: ${reason.slice(0, 100).toWellFormed()}`;
  }
}

const REPEAT = /\{(\d+)(?:,(\d*))?\}/y;

/**
 * What it takes to compile a pattern, in instructions, before it is compiled: repeats of groups multiply.
 * @throws Error if it is too long or too complex
 */
function estimateCost(pattern: string): number {
  if (pattern.length > MAX_PATTERN) throw new Error(`must have at most ${MAX_PATTERN} characters`);
  const open = [0];
  let classes = 0;
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
        if (/[pPdDsSwW]/.test(pattern[index] ?? '')) classes += 1;
      } else if (character === '[') {
        const end = endOfClass(pattern, index);
        classes += pattern.slice(index, end).split('\\').length;
        index = end;
      }
      add(1);
    }
    if (open.reduce((sum, size) => sum + size) > MAX_PROGRAM) throw new Error('is too complex');
  }
  return BASE_COST + classes * CLASS_COST + open.reduce((sum, size) => sum + size);
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
