import { LRUCache } from 'lru-cache';
import type { ReadStart } from './catalogue-changes.js';

/** Bytes that an answer takes besides its key and its body, about. */
const OVERHEAD_BYTES = 1024;
/** The share of all bytes that one answer may take. */
const MAX_SHARE = 1 / 4;

/** An answer as it was sent. */
export interface ReadyAnswer {
  /** The moment before its content was read. */
  readonly start: ReadStart;
  /** The one Skill that it is about; undefined: it may show any Skill. */
  readonly skillId: string | undefined;
  /** The template of the route that gave it. */
  readonly route: string;
  /** The headers that the route has set. */
  readonly routeHeaders: Readonly<Record<string, string>>;
  /** The headers that are the same each time: name, value, name, value and so on, as `writeHead` takes them. */
  readonly headers: readonly string[];
  /** A text has ASCII characters only: it goes out in one piece with the headers, and its length is that of its bytes. */
  readonly body: string | Buffer;
}

/**
 * Copies the text into memory of its own. `Buffer.from` cuts short texts from a shared block of 8 KiB, and each text that is
 * kept would keep its whole block: nine times the bytes that were counted.
 */
export function ownBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** Answers in memory, bounded by their bytes; the least recently used goes first. */
export class ReadyAnswers {
  private readonly answers: LRUCache<string, ReadyAnswer>;

  constructor(maxBytes: number) {
    this.answers = new LRUCache({
      maxSize: maxBytes,
      maxEntrySize: Math.max(1, Math.floor(maxBytes * MAX_SHARE)),
      sizeCalculation: ({ body }, key) => body.length + key.length * 2 + OVERHEAD_BYTES,
    });
  }

  get size(): number {
    return this.answers.size;
  }

  get bytes(): number {
    return this.answers.calculatedSize;
  }

  get(key: string): ReadyAnswer | undefined {
    return this.answers.get(key);
  }

  set(key: string, answer: ReadyAnswer): void {
    this.answers.set(key, answer);
  }

  delete(key: string): void {
    this.answers.delete(key);
  }
}
