const FIRST_BYTES = 4096;

/**
 * Collects a body in one growing buffer. A list of chunks would cost an object for each, and the other side decides how
 * many there are: one byte each, if it wants.
 */
export class AnswerBody {
  private bytes = Buffer.alloc(0);
  private length = 0;

  constructor(private readonly maxBytes: number) {}

  /** Returns false, and keeps nothing, when the body would be longer than allowed. */
  append(chunk: Buffer): boolean {
    const length = this.length + chunk.length;
    if (length > this.maxBytes) return false;
    if (length > this.bytes.length) this.grow(length);
    chunk.copy(this.bytes, this.length);
    this.length = length;
    return true;
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
