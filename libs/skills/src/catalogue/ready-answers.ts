import { LRUCache } from 'lru-cache';
import type { ReadStart } from './catalogue-changes.js';

/** Bytes of an answer beside its key and its body: what the process needs to keep it, roughly. */
const OVERHEAD_BYTES = 512;
/** Of all the bytes that there are, one answer takes so much at most. */
const MAX_SHARE = 1 / 4;

/** An answer as it is sent, the headers of its route included. */
export interface ReadyAnswer {
  /** The moment before what it says was read. */
  readonly start: ReadStart;
  /** The one Skill that it is about; undefined: any may show in it. */
  readonly skillId: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The same, as lines. */
  readonly lines: string;
  /** The template of the route that gave it. */
  readonly route: string;
  /** What all answers have in their headers, as lines. Many answers share one text. */
  readonly commonLines: string;
  /** A text has ASCII characters only: it goes out in one piece with the headers, and its length is that of its bytes. */
  readonly body: string | Buffer;
}

/**
 * The text in memory of its own. `Buffer.from` cuts short texts from a block that others are cut from too, and one that is
 * kept keeps all of it: nine times the bytes that were counted.
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
