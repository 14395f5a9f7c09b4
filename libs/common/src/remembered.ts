const MAX_TEXTS = 1_000;
const MAX_LENGTH = 256;

/**
 * Remembers what a pure function made of the last texts that it was given: of 1,000 at least, of 2,000 at most. Of texts
 * that are longer than `maxLength` it remembers nothing: some hundred kilobytes in all, with the default.
 *
 * Not an LRU cache: that moves an entry at every look, which takes longer than the look. Here the entries of two
 * generations are kept, and the older one goes when the younger is full.
 */
export class Remembered<T extends object | string | boolean> {
  private young = new Map<string, T>();
  private old = new Map<string, T>();

  constructor(
    private readonly make: (text: string) => T,
    private readonly maxLength = MAX_LENGTH,
  ) {}

  of(text: string): T {
    const known = this.young.get(text);
    if (known !== undefined) return known;
    const result = this.old.get(text) ?? this.make(text);
    if (text.length <= this.maxLength) this.keep(text, result);
    return result;
  }

  private keep(text: string, result: T): void {
    if (this.young.size >= MAX_TEXTS) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(text, result);
  }
}
