import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { arrayLiteral, columnsOf } from './array-literal.js';

describe('arrays as PostgreSQL reads them', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
  });
  afterAll(() => database.drop());

  const read = async (type: string, elements: Parameters<typeof arrayLiteral>[0]): Promise<unknown> => {
    const rows = await database.query(`SELECT to_json($1::${type}[]) AS elements`, [arrayLiteral(elements)]);
    return (rows as { elements: unknown }[])[0]?.elements;
  };

  it('come back as they went, whatever the text', async () => {
    // PostgreSQL stores no NUL; half a surrogate pair is no text.
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\u0000') && value.isWellFormed());
    const special = fc.constantFrom('', 'NULL', 'null', '"', '\\', '\\"', '{}', '{', ',', ' a ', "'", '\n\t', '天气');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(text, special, fc.constant(null))), async (elements) => {
        expect(await read('text', elements)).toEqual(elements);
      }),
    );
  });

  it('hold numbers, truth values and nothing', async () => {
    expect(await read('integer', [1, -2, null, undefined])).toEqual([1, -2, null, null]);
    expect(await read('boolean', [true, false, null])).toEqual([true, false, null]);
  });

  it('are made of rows', () => {
    const rows = [
      ['a', 1],
      ['b', undefined],
    ] as const;
    expect(columnsOf(rows, 2)).toEqual(['{"a","b"}', '{1,NULL}']);
    expect(columnsOf([], 2)).toEqual(['{}', '{}']);
  });
});
