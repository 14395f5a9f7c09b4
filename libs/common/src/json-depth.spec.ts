import { MAX_JSON_DEPTH, nestsDeeper, parseForeignJson } from './json-depth.js';

const nested = (levels: number, open = '[', close = ']'): string => open.repeat(levels) + close.repeat(levels);

describe('the depth of a JSON text', () => {
  it.each([
    ['objects', nested(3, '{"a":', '}').replace(':}', ':1}')],
    ['arrays', nested(3)],
    ['both, side by side', '[{"a":[]},{"b":[]},[[1],[2]]]'],
    ['what is no JSON', '[[['],
  ])('counts levels of %s', (_, text) => {
    expect([nestsDeeper(text, 3), nestsDeeper(text, 2)]).toEqual([false, true]);
  });

  it('does not count brackets in strings', () => {
    const text = JSON.stringify([nested(9), `"${nested(9)}`, '\\', `\\"${nested(9)}`]);
    expect([nestsDeeper(text, 1), nestsDeeper(text, 0)]).toEqual([false, true]);
  });
});

describe('a document from outside', () => {
  it('is read up to the limit, and is undefined beyond it or when it is no JSON', () => {
    expect(parseForeignJson('{"a":[1e400,"\\ud800"]}')).toEqual({ a: [Infinity, '\ud800'] });
    expect(parseForeignJson(nested(MAX_JSON_DEPTH))).toBeDefined();
    expect(parseForeignJson(nested(MAX_JSON_DEPTH + 1))).toBeUndefined();
    expect(parseForeignJson(nested(1_000_000))).toBeUndefined();
    expect(parseForeignJson('[')).toBeUndefined();
  });
});
