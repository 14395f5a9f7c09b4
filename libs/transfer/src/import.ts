import { systemActor } from '#auth';
import { type Transaction, Transactions } from '#database';
import { continueAbove } from '#skills';
import { type CheckedFile, checkFile, type NumberedLine, readObjects } from './checked-file.js';
import { ImportReport } from './import-report.js';
import type { Kind } from './kind.js';

export const CONFLICT_MODES = ['fail', 'skip', 'replace'] as const;
export type ConflictMode = (typeof CONFLICT_MODES)[number];

export interface ImportOptions {
  /** What to do with objects that exist already; `fail`: import nothing at all. */
  onConflict: ConflictMode;
  /** Only says what would be done. */
  dryRun: boolean;
}

/** With `fail`: some objects of the file exist already. Nothing was imported. */
export class ImportConflictError extends Error {
  constructor(readonly report: ImportReport) {
    const { told, total } = report.present;
    const more = total > told.length ? [`  and ${total - told.length} more`] : [];
    super(
      [
        `1006: ${total} of them are here already, nothing was imported:`,
        ...told.map((text) => `  ${text}`),
        ...more,
      ].join('\n'),
    );
    this.name = 'ImportConflictError';
  }
}

/** Lines, and bytes, of one transaction with `skip` or `replace`. */
const BATCH = 500;
const BATCH_BYTES = 8 * 1024 * 1024;
/** If more Skills have changed, running services are told that everything has changed. */
const MAX_ANNOUNCED = 1_001;
const ACTOR = 'import';

/** Takes the report out of a dry run, whose transaction must not be committed. */
class RolledBack extends Error {
  constructor(readonly report: ImportReport) {
    super('rolled back');
  }
}

/**
 * Imports a file after all of it was checked. `skip` and `replace` use a transaction for 500 lines, so an import that was
 * killed can be run again; `fail` uses one for everything. @throws FileFaultsError, ImportConflictError
 */
export class Import {
  constructor(
    private readonly kinds: readonly Kind[],
    private readonly transactions: Transactions,
    private readonly options: ImportOptions,
  ) {}

  async run(path: string): Promise<ImportReport> {
    const file = await checkFile(path, this.kinds);
    if (!this.options.dryRun) await this.transactions.run((tx) => continueAbove(tx, file.header.generation));
    return this.options.onConflict === 'fail' ? this.atOnce(path, file) : this.inBatches(path, file);
  }

  private async atOnce(path: string, file: CheckedFile): Promise<ImportReport> {
    const changed = new Changed();
    const report = await this.transaction(async (tx) => {
      changed.clear();
      const all = new ImportReport();
      for await (const batch of this.batches(path, file)) all.merge(await this.write(tx, batch, changed));
      if (all.present.total > 0) throw new ImportConflictError(all);
      return all;
    });
    await this.announce(changed);
    return report;
  }

  private async inBatches(path: string, file: CheckedFile): Promise<ImportReport> {
    const all = new ImportReport();
    for await (const batch of this.batches(path, file)) {
      const changed = new Changed();
      const report = await this.transaction((tx) => {
        changed.clear();
        return this.write(tx, batch, changed);
      });
      all.merge(report);
      await this.announce(changed);
    }
    return all;
  }

  /** All lines of a batch are of one kind. */
  private async *batches(path: string, file: CheckedFile): AsyncGenerator<NumberedLine[]> {
    let batch: NumberedLine[] = [];
    let bytes = 0;
    for await (const line of readObjects(path, file, this.kinds)) {
      if (batch.length === BATCH || bytes > BATCH_BYTES || (batch[0] && batch[0].kind !== line.kind)) {
        yield batch;
        [batch, bytes] = [[], 0];
      }
      batch.push(line);
      bytes += line.bytes;
    }
    if (batch.length > 0) yield batch;
  }

  private async write(tx: Transaction, batch: readonly NumberedLine[], changed: Changed): Promise<ImportReport> {
    const report = new ImportReport();
    const kind = batch[0]?.kind;
    if (!kind) return report;
    const values = batch.map(({ value }) => value);
    const written = await kind.write(tx, systemActor(ACTOR), values, this.options.onConflict === 'replace');
    for (const [index, line] of batch.entries()) {
      const one = written[index];
      if (!one) throw new Error(`nothing became of line ${line.number}`);
      report.add(line, one);
      if (one.id !== undefined && one.status !== 'present') changed.add(kind, one.id);
    }
    return report;
  }

  private async transaction(work: (tx: Transaction) => Promise<ImportReport>): Promise<ImportReport> {
    try {
      return await this.transactions.run(async (tx) => {
        const report = await work(tx);
        if (this.options.dryRun) throw new RolledBack(report);
        return report;
      });
    } catch (error) {
      if (error instanceof RolledBack) return error.report;
      throw error;
    }
  }

  private async announce(changed: Changed): Promise<void> {
    if (this.options.dryRun) return;
    for (const [kind, ids] of changed.ids) await kind.announce?.(ids);
  }
}

/** The changes that running services must be told. */
class Changed {
  readonly ids = new Map<Kind, string[]>();

  add(kind: Kind, id: string): void {
    const ids = this.ids.get(kind) ?? [];
    this.ids.set(kind, ids);
    if (ids.length < MAX_ANNOUNCED) ids.push(id);
  }

  clear(): void {
    this.ids.clear();
  }
}
