import fc from 'fast-check';
import { canonicalJson } from '#common';
import { digest } from './digest.js';

describe('canonical JSON', () => {
  it('orders the keys of every object, and nothing else', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }, 2], a: '天' })).toBe('{"a":"天","b":[{"c":null,"d":1},2]}');
    expect(canonicalJson([2, 1])).toBe('[2,1]');
    expect(canonicalJson({ a: undefined })).toBe('{}');
    expect(canonicalJson(new Date(0))).toBe('"1970-01-01T00:00:00.000Z"');
  });

  it('says the same whatever the order of insertion', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('keeps every byte that releases before this one have hashed', () => {
    const value = {
      é: 1,
      b: -0,
      a: 1e21,
      10: [undefined, NaN],
      2: '\u2028\ud800"',
      'B ': { toJSON: () => ({ y: 1, x: 2 }) },
    };
    expect(canonicalJson(value)).toBe(
      '{"2":"\u2028\\ud800\\"","10":[null,null],"B ":{"x":2,"y":1},"a":1e+21,"b":0,"é":1}',
    );
  });

  it('has a digest, of null too; nothing has none', () => {
    expect(digest({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    expect(digest(null)).toMatch(/^[0-9a-f]{64}$/);
    expect(digest(undefined)).toBeNull();
  });
});
