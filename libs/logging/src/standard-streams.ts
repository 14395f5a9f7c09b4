import { writeSync } from 'node:fs';

const STDERR = 2;

/**
 * Lets the process live on when nobody reads its output any more (a `tee` or a log driver that died). Without a listener
 * the error of a standard stream is an uncaught exception, and the report of it is written to the same stream again.
 */
export function surviveBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Writes a line to standard error, at once. Returns whether it could; never throws. */
export function writeToStderr(line: string): boolean {
  try {
    writeSync(STDERR, `${line}\n`);
    return true;
  } catch {
    return false;
  }
}
