import { FOREIGN_BOUNDS, type JsonBounds, jsonSizeFault, readForeignJson } from './json-size.js';

const WIDE: JsonBounds = { levels: 1_000, values: 1_000, keys: 1_000 };
const nested = (levels: number, open = '[', close = ']'): string => open.repeat(levels) + close.repeat(levels);
const isWithin = (text: string, bounds: Partial<JsonBounds>): boolean =>
  jsonSizeFault(Buffer.from(text), { ...WIDE, ...bounds }) === undefined;

describe('the size of a JSON document', () => {
  it.each([
    ['objects', nested(3, '{"a":', '}').replace(':}', ':1}')],
    ['arrays', nested(3)],
    ['both, side by side', '[{"a":[]},{"b":[]},[[1],[2]]]'],
    ['what is no JSON', '[[['],
  ])('counts levels of %s', (_, text) => {
    expect([isWithin(text, { levels: 3 }), isWithin(text, { levels: 2 })]).toEqual([true, false]);
  });

  it.each([
    ['items', '[1,2,3,4,5]'],
    ['items that are empty', '[[],{},[],{}]'.replace(',', '')],
    ['members', '{"a":1,"b":{"c":3,"d":4}}'.replace(',"d":4', ',"d":[]')],
  ])('counts values: %s', (_, text) => {
    const [found] = [5, 6, 7, 8].filter((values) => isWithin(text, { values }));
    expect(found).toBeGreaterThanOrEqual(5);
    expect(isWithin(text, { values: 4 })).toBe(false);
  });

  it('counts names of members', () => {
    const text = '{"a":1,"b":{"c:d":"e:f"}}';
    expect([isWithin(text, { keys: 3 }), isWithin(text, { keys: 2 })]).toEqual([true, false]);
  });

  it.each([
    ['a fraction', '1.5', 1],
    ['an exponent', '7E9', 1],
    ['both', '-1.25e-300', 2],
    ['more digits than a double has', '12345678901234567', 1],
    ['a long fraction', '0.12345678901234567', 1],
    ['neither', '1234567890123456', 0],
    ['words with an e', 'true, false, null', 0],
    ['a text', '"1.5e7"', 0],
  ])('counts numbers that take long: %s', (_, item, reals) => {
    const text = `[${item}, ${item}]`;
    expect([isWithin(text, { reals: reals * 2 }), isWithin(text, { reals: reals * 2 - 1 })]).toEqual([true, false]);
  });

  it('counts nothing in strings', () => {
    const text = JSON.stringify([nested(9), `"${nested(9)}`, '\\', `\\"${nested(9)}`, ',,,,:::', '天气[[']);
    expect(isWithin(text, { levels: 1, values: 6, keys: 0 })).toBe(true);
    expect(isWithin(text, { levels: 0 })).toBe(false);
  });
});

describe('a document from outside', () => {
  const read = (text: string) => readForeignJson(Buffer.from(text));

  it('is read within the bounds; beyond them it says why it is not', () => {
    const { levels, values, keys, reals } = FOREIGN_BOUNDS;
    expect(read('{"a":[1e400,"\\ud800"]}')).toMatchObject({ value: { a: [Infinity, '\ud800'] } });
    expect(read(nested(levels)).value).toBeDefined();
    expect(read(nested(levels + 1))).toEqual({ tooLarge: `nests deeper than ${levels} levels` });
    expect(read(nested(1_000_000))).toHaveProperty('tooLarge');
    expect(read(`[${'0,'.repeat(values - 1)}0]`).value).toHaveLength(values);
    expect(read(`[${'0,'.repeat(values)}0]`)).toEqual({ tooLarge: `has more than ${values} values` });
    expect(read(`{${'"a":0,'.repeat(keys)}"a":0}`)).toEqual({ tooLarge: `has more than ${keys} members of objects` });
    expect(read(`[${'1.5,'.repeat(reals - 1)}1.5]`).value).toHaveLength(reals);
    expect(read(`[${'1e300,'.repeat(reals)}1e300]`)).toHaveProperty('tooLarge');
  });

  it('has no value when it is no JSON', () => {
    expect(read('[')).toEqual({ value: undefined });
    expect(read('')).toEqual({ value: undefined });
  });
});
