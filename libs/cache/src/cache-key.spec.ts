import { defineCacheKey } from './cache-key.js';

describe('defineCacheKey', () => {
  it('names keys with the prefix, the namespace and the id', () => {
    expect(defineCacheKey<string>('named', 30).nameOf('a:b')).toBe('ooder:v1:named:a:b');
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

  it('types values as JSON keeps them', () => {
    const at = Date.now();
    const key = defineCacheKey<{ tags: string[]; extra?: unknown }>('json', 1);
    expect(key.valueOf(key.entryOf({ tags: ['a'] }, at))).toEqual({ tags: ['a'] });
    const dated = defineCacheKey<{ since: Date }>('dated', 1);
    // @ts-expect-error a Date comes back from JSON as a string
    expect(dated.entryOf({ since: new Date(0) }, at).at).toBe(at);
  });
});

describe('CacheKey.valueOf', () => {
  const key = defineCacheKey<string>('entries', 30);

  it('counts the age from the beginning of the load', () => {
    expect(key.valueOf({ at: Date.now() - 29_000, value: 'young' })).toBe('young');
    expect(key.valueOf({ at: Date.now() - 30_000, value: 'old' })).toBeUndefined();
  });

  it.each([[null], ['text'], [{ value: 'no age' }], [{ at: 'now', value: 1 }], [{ at: 1 }]])('refuses %j', (found) => {
    expect(() => key.valueOf(found)).toThrow(TypeError);
  });
});
