import { EnumField, IntegerField, isObject, TextField, TimeField } from '#common';

/** The name of the format, in the first line. */
export const FORMAT = 'ooder-skill-export';
/** Increased when a reader of the previous version would misread a file. */
export const FORMAT_VERSION = 1;
/** The largest Skill that the API accepts has some tens of MB. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** The first line of an export. */
export class HeaderLine {
  @EnumField([FORMAT], { name: 'Format' })
  format: string;

  @IntegerField({ min: 1, max: Number.MAX_SAFE_INTEGER })
  format_version: number;

  @TextField({ max: 64 })
  service_version: string;

  /** The newest migration of the exported database. */
  @TextField({ max: 255 })
  schema: string;

  @TimeField()
  snapshot_at: string;

  /** The highest generation of a registration (docs/heartbeats.md). */
  @IntegerField({ min: 0, max: 1e12 })
  generation: number;
}

/** The last line: without it, the file was cut off. */
export interface TrailerLine {
  /** Number of lines by type, without header and trailer. */
  counts: Record<string, number>;
  /** SHA-256 of all bytes before this line. */
  sha256: string;
}

/** One object of an export, as JSON on one line. */
export interface ObjectLine {
  type: string;
  [field: string]: unknown;
}

export function isObjectLine(value: unknown): value is ObjectLine {
  return isObject(value) && typeof value.type === 'string';
}

export function isTrailer(line: ObjectLine): line is ObjectLine & TrailerLine {
  const { counts, sha256 } = line;
  return typeof sha256 === 'string' && isObject(counts);
}
