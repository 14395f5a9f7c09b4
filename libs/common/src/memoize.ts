import { LRUCache } from 'lru-cache';

const MAX_TEXTS = 1_000;

/**
 * Remembers the results of a pure function for the last 1,000 texts. Longer texts than `maxLength` characters are computed
 * each time, so that no more than some hundred kilobytes are held.
 */
export function memoize<T extends object | string | boolean>(
  compute: (text: string) => T,
  maxLength = 256,
): (text: string) => T {
  const results = new LRUCache<string, T>({ max: MAX_TEXTS });
  return (text) => {
    if (text.length > maxLength) return compute(text);
    let result = results.get(text);
    if (result === undefined) {
      result = compute(text);
      results.set(text, result);
    }
    return result;
  };
}
