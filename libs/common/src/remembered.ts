import { LRUCache } from 'lru-cache';

const MAX_TEXTS = 1_000;
const MAX_LENGTH = 256;

/**
 * Remembers what a pure function made of the last 1,000 different texts that it was given. Of texts that are longer than
 * `maxLength` it remembers nothing: some hundred kilobytes in all, with the default.
 */
export class Remembered<T extends object | string | boolean> {
  private readonly results = new LRUCache<string, T>({ max: MAX_TEXTS });

  constructor(
    private readonly make: (text: string) => T,
    private readonly maxLength = MAX_LENGTH,
  ) {}

  of(text: string): T {
    const known = this.results.get(text);
    if (known !== undefined) return known;
    const result = this.make(text);
    if (text.length <= this.maxLength) this.results.set(text, result);
    return result;
  }
}
