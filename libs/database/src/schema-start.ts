import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { DatabaseSettings } from '#config';
import { sqlStateOf } from './database-errors.js';
import { MIGRATIONS } from './migrations/index.js';
import { migrate } from './migrator.js';
import { withConnection } from './short-connection.js';

const INSUFFICIENT_PRIVILEGE = '42501';
const UNDEFINED_TABLE = '42P01';
const LOOK_EVERY_MS = 1_000;

/** The schema is of an earlier version, and this start may not change it; the message says who can. */
export class SchemaBehindError extends Error {
  constructor(missing: readonly string[], why: string) {
    super(
      `The schema is of an earlier version: ${missing.join(', ')} did not run, and this start may not run them (${why}). ` +
        'Run "npm run db:migrate" of this version as the owner of the tables first (docs/upgrade.md).',
    );
    this.name = 'SchemaBehindError';
  }
}

/**
 * Sees to a schema that this version can work on: migrates it, or, with DATABASE_MIGRATE=false and where the role may not, waits
 * for somebody who does. A schema of a later version is left as it is: it serves this one too (docs/upgrade.md).
 * @throws SchemaBehindError after DATABASE_START_TIMEOUT.
 */
export async function prepareSchema(url: string, settings: DatabaseSettings): Promise<void> {
  if (!settings.migrate) {
    await waitForSchema(url, settings, 'DATABASE_MIGRATE is false');
    return;
  }
  try {
    await migrate(url, settings);
  } catch (error) {
    if (sqlStateOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    await waitForSchema(url, settings, 'its role in DATABASE_URL has no right to');
  }
}

async function waitForSchema(url: string, settings: DatabaseSettings, why: string): Promise<void> {
  const logger = new Logger('database');
  const giveUpAt = performance.now() + settings.startTimeout * 1000;
  for (let told = false; ; told = true) {
    const missing = await missingMigrations(url, settings.connectTimeout);
    if (missing.length === 0) return;
    if (performance.now() > giveUpAt) throw new SchemaBehindError(missing, why);
    if (!told) {
      logger.warn(
        `${missing.length} migration(s) did not run: waiting for them for ${settings.startTimeout} s (${why})`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}

/** By name: what a later version has done besides is none of this one's business. */
async function missingMigrations(url: string, timeout: number): Promise<string[]> {
  try {
    const { rows } = await withConnection(url, timeout, (client) =>
      client.query<{ name: string }>('SELECT name FROM migrations'),
    );
    const done = new Set(rows.map(({ name }) => name));
    return MIGRATIONS.map(({ name }) => name).filter((name) => !done.has(name));
  } catch (error) {
    if (sqlStateOf(error) === UNDEFINED_TABLE) return MIGRATIONS.map(({ name }) => name);
    throw error;
  }
}
