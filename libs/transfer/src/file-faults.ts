import type { Fault } from '#common';

/** More are counted, and not told. */
const MAX_TOLD = 1_000;
const BAD_PARAMETER = 1001;

interface LineFault extends Fault {
  line: number;
}

/** A file is not what it must be; the message tells every fault with its line. Values are not repeated. */
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

/** Gathers them. */
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
