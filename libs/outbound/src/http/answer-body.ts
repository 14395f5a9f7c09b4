const FIRST_BYTES = 4096;

/**
 * Collects a response body in one growing buffer. A list of chunks would cost an object per chunk, and the server decides
 * how small the chunks are.
 */
export class AnswerBody {
  private bytes = Buffer.alloc(0);
  private length = 0;

  constructor(private readonly maxBytes: number) {}

  /** Returns false, and keeps nothing, if the body would be longer than `maxBytes`. */
  append(chunk: Buffer): boolean {
    const length = this.length + chunk.length;
    if (length > this.maxBytes) return false;
    if (length > this.bytes.length) this.grow(length);
    chunk.copy(this.bytes, this.length);
    this.length = length;
    return true;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  toBuffer(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private grow(length: number): void {
    const grown = Buffer.allocUnsafe(Math.min(this.maxBytes, Math.max(FIRST_BYTES, length, this.bytes.length * 2)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
