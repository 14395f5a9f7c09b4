import type { Fault } from '#common';

/** Faults that are listed; more are only counted. */
const MAX_TOLD = 1_000;
const BAD_PARAMETER = 1001;

interface LineFault extends Fault {
  line: number;
}

/** A file has faults; the message lists them with their lines. It repeats no values. */
export class FileFaultsError extends Error {
  readonly code = BAD_PARAMETER;

  constructor(
    readonly faults: readonly LineFault[],
    readonly total: number,
  ) {
    const lines = faults.map(({ line, field, reason }) => `  line ${line}: ${field} ${reason}`);
    const more = total > faults.length ? [`  and ${total - faults.length} more`] : [];
    super([`${BAD_PARAMETER}: ${total} fault(s) in the file, nothing was imported:`, ...lines, ...more].join('\n'));
    this.name = 'FileFaultsError';
  }
}

/** Collects the faults of a file. */
export class FileFaults {
  private readonly faults: LineFault[] = [];
  private total = 0;

  add(line: number, faults: readonly Fault[]): void {
    this.total += faults.length;
    for (const fault of faults) if (this.faults.length < MAX_TOLD) this.faults.push({ line, ...fault });
  }

  /** @throws FileFaultsError */
  assertNone(): void {
    if (this.total > 0) throw new FileFaultsError(this.faults, this.total);
  }
}
