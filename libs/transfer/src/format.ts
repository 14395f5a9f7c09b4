import { EnumField, IntegerField, isObject, TextField, TimeField } from '#common';

/** What the first line says that the file is. */
export const FORMAT = 'ooder-skill-export';
/** Rises when a reader of the version before would misread a file. */
export const FORMAT_VERSION = 1;
/** A Skill with the most of everything that the API lets through has some tens of MB. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** The first line of an export: what it is, and of which moment. */
export class HeaderLine {
  @EnumField([FORMAT], { name: 'Format' })
  format: string;

  @IntegerField({ min: 1, max: Number.MAX_SAFE_INTEGER })
  format_version: number;

  @TextField({ max: 64 })
  service_version: string;

  /** The newest migration of the database that it is of. */
  @TextField({ max: 255 })
  schema: string;

  @TimeField()
  snapshot_at: string;

  /** The highest number that a registration had. */
  @IntegerField({ min: 0, max: 1e12 })
  generation: number;
}

/** The last line: without it, the file was cut off. */
export interface TrailerLine {
  /** Lines by type, header and trailer not among them. */
  counts: Record<string, number>;
  /** Of all bytes before this line. */
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
