import { describeError } from '#common';

/** Ends a command with 2, because of wrong arguments. */
export function endWithUsage(usage: string): never {
  process.stderr.write(`usage: ${usage}\n`);
  process.exit(2);
}

/** Ends a command with 1, because it failed. */
export function endWithError(error: unknown): never {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(1);
}
