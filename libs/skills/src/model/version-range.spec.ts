import fc from 'fast-check';
import semver from 'semver';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { versionCondition } from '../reading/skill-filter.sql.js';
import { Conditions } from '#database';
import { isVersionRange, matchesVersion } from './version-range.js';

const RUNS = { seed: 20_261_201, numRuns: 150 };

const number = fc.nat(3).map(String);
const release = fc.tuple(number, number, number).map((numbers) => numbers.join('.'));
const identifier = fc.constantFrom(
  '0',
  '1',
  '2',
  '10',
  '999999999999999',
  'a',
  'b',
  'A',
  'alpha',
  'alpha-1',
  'rc',
  'rc1',
  '1a',
  '-',
  '0a',
);
const prerelease = fc.array(identifier, { minLength: 1, maxLength: 3 }).map((parts) => `-${parts.join('.')}`);
const build = fc.constantFrom('+b5', '+001', '+b.5', '+-');
const maybe = (text: fc.Arbitrary<string>) => fc.option(text, { nil: '' });
const version = fc
  .tuple(release, maybe(prerelease), maybe(build))
  .map((parts) => parts.join(''))
  .filter((text) => text.length <= 32);
const versions = fc.array(version, { minLength: 50, maxLength: 50 });

const partial = fc.oneof(
  release,
  fc.tuple(release, prerelease).map((parts) => parts.join('')),
  fc.tuple(number, number).map((numbers) => numbers.join('.')),
  number,
  fc.constantFrom('*', 'x', '1.x', '2.3.x', '1.2.3-beta', '0.0.0-0', '0.0.0'),
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
  .map((alternatives) => alternatives.join(' || '))
  .filter(isVersionRange);

describe('versions', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const found = async (text: string, all: readonly string[]): Promise<string[]> => {
    const where = new Conditions();
    const list = where.bind(all);
    where.add(versionCondition(text, where));
    const rows = await database.query<{ version: string }>(
      `SELECT s.version FROM (SELECT version, semver_key(version) AS version_key
         FROM unnest(${list}::text[]) WITH ORDINALITY AS x(version, place) ORDER BY place) s ${where.toString()}`,
      where.parameters,
    );
    return rows.map((row) => row.version);
  };

  it('are in the ranges in which npm has them, in SQL as well', async () => {
    await fc.assert(
      fc.asyncProperty(range, versions, async (text, all) => {
        const expected = all.filter((each) => semver.satisfies(each, text));
        expect([text, await found(text, all)]).toEqual([text, expected]);
        expect(all.filter((each) => matchesVersion(each, text))).toEqual(expected);
      }),
      RUNS,
    );
  });

  it('have the order that npm gives them, in SQL as well', async () => {
    await fc.assert(
      fc.asyncProperty(versions, async (all) => {
        const rows = await database.query<{ order: number }>(
          `SELECT CASE WHEN a < b THEN -1 WHEN a > b THEN 1 ELSE 0 END AS order
           FROM (SELECT semver_key(v) AS a, semver_key(lag(v, 1, '1.0.0') OVER (ORDER BY place)) AS b
             FROM unnest($1::text[]) WITH ORDINALITY AS x(v, place)) y`,
          [all],
        );
        const expected = all.map((each, index) => semver.compare(each, all[index - 1] ?? '1.0.0'));
        expect(rows.map(({ order }) => order)).toEqual(expected);
      }),
      RUNS,
    );
  });

  it('are in the order of the specification', async () => {
    const ordered = [
      '0.9.9', '1.0.0-0', '1.0.0-2', '1.0.0-10', '1.0.0-100000000000000000000', '1.0.0--', '1.0.0-A', '1.0.0-alpha',
      '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1-a', '1.0.1',
      '1.1.0-0', '999999999999999.0.0',
    ]; // prettier-ignore
    const rows = await database.query<{ version: string }>(
      `SELECT version FROM unnest($1::text[]) version ORDER BY semver_key(version)`,
      [ordered.toReversed()],
    );
    expect(rows.map((row) => row.version)).toEqual(ordered);
  });

  it.each([
    ['*', ['1.0.0', '1.0.0+a']],
    ['', ['1.0.0', '1.0.0+a']],
    ['1.0.0', ['1.0.0', '1.0.0+a']],
    ['1.0.0+a', ['1.0.0+a']],
    ['v1.0.0+a', ['1.0.0+a']],
    ['1.0.0+b', []],
    ['1.0.0-rc.1', ['1.0.0-rc.1']],
    ['>=1.0.0-rc.1', ['1.0.0-rc.1', '1.0.0', '1.0.0+a']],
    ['>=0.9.0-rc.1', ['1.0.0', '1.0.0+a']],
    ['1.0.0-rc.2', []],
  ])('"%s" finds %j', async (text, expected) => {
    const all = ['1.0.0-rc.1', '1.0.0', '1.0.0+a'];
    expect(await found(text, all)).toEqual(expected);
    expect(all.filter((each) => matchesVersion(each, text))).toEqual(expected);
  });

  it.each(['one', '1.2.3.4', '>>1', '1 2 x y', '^', '99999999999999999999.0.0'])('"%s" is no range', (text) => {
    expect(isVersionRange(text)).toBe(false);
  });
});
