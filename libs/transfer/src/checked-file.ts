import { createHash } from 'node:crypto';
import { BadParameterError, type Fault, FOREIGN_BOUNDS, jsonSizeFault, validateBody } from '#common';
import { FileFaults } from './file-faults.js';
import { type FileLine, LineTooLongError, readLines } from './file-lines.js';
import { FORMAT_VERSION, HeaderLine, isObjectLine, isTrailer, type ObjectLine } from './format.js';
import type { Kind } from './kind.js';

export interface CheckedFile {
  header: HeaderLine;
  counts: Record<string, number>;
  sha256: string;
}

/** Lines between the header and the trailer, with their numbers. */
export interface NumberedLine {
  number: number;
  bytes: number;
  kind: Kind;
  value: unknown;
}

/**
 * Reads a file from its header to its trailer and checks every line by the rules of the API, before anything is
 * imported. @throws FileFaultsError with every fault and its line
 */
export async function checkFile(path: string, kinds: readonly Kind[]): Promise<CheckedFile> {
  const faults = new FileFaults();
  const check = new FileCheck(kinds, faults);
  try {
    for await (const line of readLines(path)) {
      await check.line(line);
      if (check.isHopeless) break;
    }
  } catch (error) {
    if (!(error instanceof LineTooLongError)) throw error;
    faults.add(error.line, [{ field: 'line', reason: 'is too long' }]);
  }
  return check.end();
}

/**
 * The objects of a file that was checked. @throws FileFaultsError at the end if the file has changed since the check
 */
export async function* readObjects(
  path: string,
  { sha256 }: CheckedFile,
  kinds: readonly Kind[],
): AsyncGenerator<NumberedLine> {
  const byType = new Map(kinds.map((kind) => [kind.type, kind]));
  const hash = createHash('sha256');
  let number = 0;
  for await (const line of readLines(path)) {
    number = line.number;
    const value = JSON.parse(line.bytes.toString()) as ObjectLine;
    if (value.type === 'trailer') break;
    hash.update(line.bytes);
    const { type, ...object } = value;
    const kind = byType.get(type);
    if (kind) yield { number, bytes: line.bytes.length, kind, value: object };
  }
  if (hash.digest('hex') === sha256) return;
  const faults = new FileFaults();
  faults.add(number, [{ field: 'file', reason: 'was changed while it was read' }]);
  faults.assertNone();
}

class FileCheck {
  /** Not an export, or one of an unknown version: its other lines cannot be checked. */
  isHopeless = false;
  private readonly hash = createHash('sha256');
  private readonly counts = new Map<string, number>();
  private readonly byType: ReadonlyMap<string, Kind>;
  private readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  private last = 0;
  private header: HeaderLine | undefined;
  private trailer: CheckedFile['sha256'] | undefined;
  private seen = -1;

  constructor(
    private readonly kinds: readonly Kind[],
    private readonly faults: FileFaults,
  ) {
    this.byType = new Map(kinds.map((kind) => [kind.type, kind]));
  }

  async line({ number, bytes }: FileLine): Promise<void> {
    this.last = number;
    try {
      if (this.trailer !== undefined) throw createFault('line', 'stands behind the trailer');
      const line = this.parsed(bytes);
      if (line.type === 'trailer' && this.header) this.checkTrailer(line);
      else this.hash.update(bytes);
      if (number === 1) await this.checkHeader(line);
      else if (line.type !== 'trailer') await this.checkObject(line);
    } catch (error) {
      if (!(error instanceof BadParameterError)) throw error;
      this.faults.add(number, error.details);
      if (number === 1) this.isHopeless = true;
    }
  }

  end(): CheckedFile {
    if (!this.isHopeless && this.trailer === undefined) {
      const reason = this.last === 0 ? 'is empty' : 'ends without its trailer: it was cut off';
      this.faults.add(this.last, [{ field: 'file', reason }]);
    }
    this.faults.assertNone();
    if (!this.header || this.trailer === undefined) throw new Error('a file without faults has both');
    return { header: this.header, counts: Object.fromEntries(this.counts), sha256: this.trailer };
  }

  private parsed(bytes: Buffer): ObjectLine {
    try {
      return this.parseLine(bytes);
    } catch (error) {
      // The hash covers wrong lines too.
      this.hash.update(bytes);
      throw error;
    }
  }

  private parseLine(bytes: Buffer): ObjectLine {
    let value: unknown;
    try {
      const tooLarge = jsonSizeFault(bytes, FOREIGN_BOUNDS);
      if (tooLarge !== undefined) throw createFault('line', tooLarge);
      value = JSON.parse(this.utf8.decode(bytes));
    } catch (error) {
      throw error instanceof BadParameterError ? error : createFault('line', 'is no JSON in UTF-8');
    }
    if (!isObjectLine(value)) throw createFault('type', 'is required');
    return value;
  }

  private async checkHeader({ type, ...header }: ObjectLine): Promise<void> {
    if (type !== 'header') throw createFault('type', 'must be header: this is no export of ooder-skill');
    const { format_version: version } = header;
    if (typeof version === 'number' && version > FORMAT_VERSION) {
      throw createFault('format_version', `${version} is of a newer release: this one reads ${FORMAT_VERSION}`);
    }
    this.header = await validateBody(HeaderLine, header);
  }

  private async checkObject({ type, ...object }: ObjectLine): Promise<void> {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    const kind = this.byType.get(type);
    if (!kind) throw createFault('type', `must be one of ${[...this.byType.keys()].join(', ')}`);
    const place = this.kinds.indexOf(kind);
    if (place < this.seen) throw createFault('type', `${type} must stand before ${this.kinds[this.seen]?.type ?? ''}`);
    this.seen = place;
    await kind.check(object);
  }

  private checkTrailer(line: ObjectLine): void {
    this.trailer = this.hash.digest('hex');
    if (!isTrailer(line)) throw createFault('type', 'is a trailer without counts and sha256');
    const wrong = this.kinds.flatMap(({ type }) => {
      const [said, found] = [line.counts[type] ?? 0, this.counts.get(type) ?? 0];
      return said === found
        ? []
        : [{ field: `counts.${type}`, reason: `is ${String(said)}, and the file has ${found}` }];
    });
    if (line.sha256 !== this.trailer) {
      wrong.push({ field: 'sha256', reason: 'is of another file: this one was changed or damaged' });
    }
    if (wrong.length > 0) throw new BadParameterError(wrong);
  }
}

function createFault(field: string, reason: string): BadParameterError {
  const fault: Fault = { field, reason };
  return new BadParameterError([fault]);
}
