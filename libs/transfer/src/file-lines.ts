import { createReadStream } from 'node:fs';
import { MAX_LINE_BYTES } from './format.js';

const NEWLINE = 10;
const READ_AT_ONCE = 256 * 1024;

/** A line of a file, byte for byte. */
export interface FileLine {
  /** From 1. */
  number: number;
  /** With the line feed at its end, if it has one. */
  bytes: Buffer;
}

export class LineTooLongError extends Error {
  constructor(readonly line: number) {
    super(`line ${line} is longer than ${MAX_LINE_BYTES} bytes`);
  }
}

/** The lines of a file of any size. @throws LineTooLongError */
export async function* readLines(path: string): AsyncGenerator<FileLine> {
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_AT_ONCE }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      yield { number, bytes: Buffer.concat([...parts, chunk.subarray(from, at + 1)]) };
      number += 1;
      [parts, length, from] = [[], 0, at + 1];
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > MAX_LINE_BYTES) throw new LineTooLongError(number);
  }
  if (length > 0) yield { number, bytes: Buffer.concat(parts) };
}
