/** Texts that are remembered, of this length at most: some hundred kilobytes in all. */
const MAX_TEXTS = 1_000;
const MAX_LENGTH = 256;

/** Remembers what a pure function made of the texts that it was given; when there are too many, it begins anew. */
export class Remembered<T> {
  private readonly results = new Map<string, T>();

  constructor(private readonly make: (text: string) => T) {}

  of(text: string): T {
    const known = this.results.get(text);
    if (known !== undefined) return known;
    const result = this.make(text);
    if (text.length > MAX_LENGTH) return result;
    if (this.results.size >= MAX_TEXTS) this.results.clear();
    this.results.set(text, result);
    return result;
  }
}
