import { registerAs } from '@nestjs/config';
import { IsBoolean, IsInt, Matches, Max, Min } from 'class-validator';
import { IsParsableUrl } from './parsable-url.js';
import { Setting } from './setting.js';

/** PostgreSQL (deployment guide 4.2). */
export class DatabaseSettings {
  /** If unset, the service starts its own PostgreSQL in DATA_DIR. */
  @Setting('DATABASE_URL', { example: 'postgresql://skill_user:password@localhost:5432/skill_db' })
  @Matches(/^postgres(ql)?:\/\/[^/\s]+\/[^/\s]+$/, { message: 'must be postgresql://user:password@host:port/database' })
  @IsParsableUrl()
  url?: string;

  /** Connections that stay open. */
  @Setting('DATABASE_POOL_SIZE', { example: '10' })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must not be under 1' })
  @Max(1000, { message: 'must not be over 1000' })
  poolSize: number = 10;

  /** Further connections under load; closed when idle. */
  @Setting('DATABASE_MAX_OVERFLOW', { example: '20' })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must not be under 0' })
  @Max(1000, { message: 'must not be over 1000' })
  maxOverflow: number = 20;

  /** Milliseconds after which PostgreSQL cancels a statement. */
  @Setting('DATABASE_STATEMENT_TIMEOUT', { example: '15000' })
  @IsInt({ message: 'must be a whole number of milliseconds' })
  @Min(100, { message: 'must not be under 100' })
  @Max(600_000, { message: 'must not be over 600000' })
  statementTimeout: number = 15_000;

  /** Milliseconds that a request waits for a new or free connection before it gets 503. */
  @Setting('DATABASE_CONNECT_TIMEOUT', { example: '5000' })
  @IsInt({ message: 'must be a whole number of milliseconds' })
  @Min(100, { message: 'must not be under 100' })
  @Max(60_000, { message: 'must not be over 60000' })
  connectTimeout: number = 5_000;

  /** Seconds that the start waits for PostgreSQL, and for another process to migrate the schema if it may not do so itself. */
  @Setting('DATABASE_START_TIMEOUT', { example: '60' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0, { message: 'must not be under 0' })
  @Max(3600, { message: 'must not be over 3600' })
  startTimeout: number = 60;

  /** Whether the start migrates the schema. If false, it waits until the schema is up to date. */
  @Setting('DATABASE_MIGRATE', { example: 'true' })
  @IsBoolean({ message: 'must be true or false' })
  migrate: boolean = true;
}

export const databaseSettings = registerAs('database', () => new DatabaseSettings());
