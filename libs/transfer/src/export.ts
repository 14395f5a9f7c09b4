import type { Writable } from 'node:stream';
import { exportedClients } from '#auth';
import { inSnapshot, schemaOf } from '#database';
import { exportedNames, exportedSkills, highestGeneration } from '#skills';
import type { DataSource } from 'typeorm';
import { ExportWriter } from './export-writer.js';
import { FORMAT, FORMAT_VERSION, type HeaderLine, type TrailerLine } from './format.js';

/** The parts of a registry, in the order of the file. */
const EXPORTED = [
  { type: 'client', all: exportedClients },
  { type: 'name', all: exportedNames },
  { type: 'skill', all: exportedSkills },
] as const;

/**
 * Writes everything but secrets, from one snapshot, line by line (docs/adr/0023). The caller must handle errors of `sink`.
 * Returns the trailer.
 */
export function exportRegistry(dataSource: DataSource, sink: Writable, serviceVersion: string): Promise<TrailerLine> {
  return inSnapshot(dataSource, async (tx) => {
    const schema = await schemaOf(tx);
    const [{ at } = { at: new Date().toISOString() }] = await tx.query<{ at: string }[]>('SELECT to_json(now()) AS at');
    const header: HeaderLine = {
      format: FORMAT,
      format_version: FORMAT_VERSION,
      service_version: serviceVersion,
      schema,
      snapshot_at: at,
      generation: await highestGeneration(tx),
    };
    const writer = new ExportWriter(sink);
    await writer.header(header);
    for (const { type, all } of EXPORTED) for await (const object of all(tx)) await writer.object(type, object);
    return writer.trailer(EXPORTED.map(({ type }) => type));
  });
}
