import { describeError } from '#common';

/** Ends a command that does not know its arguments, with 2. */
export function endWithUsage(usage: string): never {
  process.stderr.write(`usage: ${usage}\n`);
  process.exit(2);
}

/** Ends a command that failed, with 1. */
export function endWithError(error: unknown): never {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(1);
}
