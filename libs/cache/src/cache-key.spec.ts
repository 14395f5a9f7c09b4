import { defineCacheKey, type Serializable } from './cache-key.js';

describe('defineCacheKey', () => {
  it('builds keys of the prefix, the namespace and the id', () => {
    expect(defineCacheKey<string>('named', 30).keyFor('a:b')).toBe('ooder:v1:named:a:b');
  });

  it.each([
    ['Upper', 1],
    ['with:colon', 1],
    ['no-ttl', 0],
    ['half-second', 0.5],
  ])('refuses the namespace %s with %d s', (namespace, ttlSeconds) => {
    expect(() => defineCacheKey<string>(namespace, ttlSeconds)).toThrow(RangeError);
  });

  it('refuses to define a namespace twice', () => {
    defineCacheKey<string>('once-only', 1);
    expect(() => defineCacheKey<number>('once-only', 1)).toThrow('already defined');
  });

  it('accepts only types that come back from JSON unchanged', () => {
    const kept: Serializable<{ tags: string[]; extra?: unknown }> = { tags: ['a'] };
    expect(JSON.parse(JSON.stringify(kept))).toEqual(kept);
    // @ts-expect-error a Date comes back from JSON as a string
    const dated: Serializable<{ since: Date }> = { since: new Date(0) };
    expect(JSON.parse(JSON.stringify(dated))).not.toEqual(dated);
  });
});
