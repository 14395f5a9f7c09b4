import { registerAs } from '@nestjs/config';
import { IsInt, Max, Min } from 'class-validator';
import { Setting } from './setting.js';

/** Serialized Skills, lists and discovery results in the memory of each replica. */
export class CatalogueSettings {
  /** Bytes in each replica. 0: nothing is kept, and every read queries PostgreSQL. */
  @Setting('CATALOGUE_MAX_BYTES', { example: '67108864' })
  @IsInt({ message: 'must be a whole number of bytes' })
  @Min(0, { message: 'must not be under 0' })
  @Max(4_294_967_296, { message: 'must not be over 4294967296' })
  maxBytes: number = 64 * 1024 * 1024;
}

export const catalogueSettings = registerAs('catalogue', () => new CatalogueSettings());
