import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { TrailerLine } from './format.js';

/** Characters that are collected before a write: a write for each line would be slow. */
const GATHER = 64 * 1024;

/** Writes the lines of an export, as fast as the reader takes them, and the trailer. */
export class ExportWriter {
  private readonly hash = createHash('sha256');
  private readonly counts: Record<string, number> = {};
  private gathered = '';

  constructor(private readonly sink: Writable) {}

  async header(header: object): Promise<void> {
    await this.line('header', header);
  }

  async object(type: string, object: object): Promise<void> {
    this.counts[type] = (this.counts[type] ?? 0) + 1;
    await this.line(type, object);
  }

  /** Returns the trailer. */
  async trailer(types: readonly string[]): Promise<TrailerLine> {
    await this.flush();
    const counts = Object.fromEntries(types.map((type) => [type, this.counts[type] ?? 0]));
    const trailer = { counts, sha256: this.hash.digest('hex') };
    await this.write(`${JSON.stringify({ type: 'trailer', ...trailer })}\n`);
    return trailer;
  }

  private async line(type: string, object: object): Promise<void> {
    this.gathered += `${JSON.stringify({ type, ...object })}\n`;
    if (this.gathered.length >= GATHER) await this.flush();
  }

  private async flush(): Promise<void> {
    const text = this.gathered;
    this.gathered = '';
    this.hash.update(text);
    await this.write(text);
  }

  private async write(text: string): Promise<void> {
    if (!this.sink.write(text)) await once(this.sink, 'drain');
  }
}
