import fc from 'fast-check';
import { satisfies } from 'semver';
import { isVersionRange, type VersionBound, versionBounds } from './version-range.js';

/** What PostgreSQL does with the bounds: arrays compare item by item. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function holds({ operator, key }: VersionBound, version: readonly number[]): boolean {
  const order = compare(version, key);
  switch (operator) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

const passes = (range: string, version: readonly number[]): boolean =>
  versionBounds(range).some((bounds) => bounds.every((bound) => holds(bound, version)));

const number = fc.nat(4);
const version = fc.tuple(number, number, number);
const partial = fc.oneof(
  version.map((numbers) => numbers.join('.')),
  fc.tuple(number, number).map((numbers) => numbers.join('.')),
  number.map(String),
  fc.constantFrom('*', 'x', '1.x', '2.3.x', '1.2.3-beta'),
);
const simple = fc
  .tuple(fc.constantFrom('', '^', '~', '>', '<', '>=', '<=', '='), partial)
  .map((parts) => parts.join(''));
const range = fc
  .array(
    fc.oneof(
      fc.array(simple, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(' ')),
      fc.tuple(partial, partial).map((ends) => ends.join(' - ')),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((alternatives) => alternatives.join(' || '));

describe('version ranges', () => {
  it('hold for the releases that npm lets them hold for', () => {
    fc.assert(
      fc.property(range.filter(isVersionRange), version, (text, numbers) => {
        // npm lets a pre-release in a range match pre-releases only; a release is judged by order.
        expect([text, numbers.join('.'), passes(text, numbers)]).toEqual([
          text,
          numbers.join('.'),
          satisfies(numbers.join('.'), text),
        ]);
      }),
      { seed: 20_261_123, numRuns: 1000 },
    );
  });

  it.each(['*', 'x', '', '>=0.0.0-0', '* || 1.0.0'])('"%s" holds for every version', (text) => {
    expect(passes(text, [0, 0, 0])).toBe(true);
    expect(passes(text, [999_999_999, 0, 1])).toBe(true);
  });

  it('a pre-release is nobody, and a bound at one lies under its release', () => {
    expect(passes('1.0.0-beta', [1, 0, 0])).toBe(false);
    expect(passes('>1.0.0-beta', [1, 0, 0])).toBe(true);
    expect(passes('<=1.0.0-beta', [1, 0, 0])).toBe(false);
    expect(passes('^1.2', [2, 0, 0])).toBe(false);
  });

  it.each(['one', '1.2.3.4', '>>1', '1 2 x y', '^', '99999999999999999999.0.0'])('"%s" is no range', (text) => {
    expect(isVersionRange(text)).toBe(false);
  });
});
