import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { DatabaseSettings } from '#config';
import { getSqlState } from './database-errors.js';
import { MIGRATIONS } from './migrations/index.js';
import { migrate } from './migrator.js';
import { withConnection } from './short-connection.js';

const INSUFFICIENT_PRIVILEGE = '42501';
const UNDEFINED_TABLE = '42P01';
const LOOK_EVERY_MS = 1_000;

/** The schema is older than this version, and this process may not migrate it. The message says who can. */
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
 * Makes sure that the schema fits this version. It migrates the schema or, with DATABASE_MIGRATE=false or if the role has no
 * right to, waits until another process has migrated it. It does not change a schema of a later version, which works with
 * this version too (docs/upgrade.md).
 * @throws SchemaBehindError after DATABASE_START_TIMEOUT
 */
export async function prepareSchema(url: string, settings: DatabaseSettings): Promise<void> {
  if (!settings.migrate) {
    await waitForSchema(url, settings, 'DATABASE_MIGRATE is false');
    return;
  }
  try {
    await migrate(url, settings);
  } catch (error) {
    if (getSqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    await waitForSchema(url, settings, 'its role in DATABASE_URL has no right to');
  }
}

async function waitForSchema(url: string, settings: DatabaseSettings, why: string): Promise<void> {
  const logger = new Logger('database');
  const giveUpAt = performance.now() + settings.startTimeout * 1000;
  for (let logged = false; ; logged = true) {
    const missing = await missingMigrations(url, settings.connectTimeout);
    if (missing.length === 0) return;
    if (performance.now() > giveUpAt) throw new SchemaBehindError(missing, why);
    if (!logged) {
      logger.warn(
        `${missing.length} migration(s) did not run: waiting for them for ${settings.startTimeout} s (${why})`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}

/** Lists the migrations of this version that did not run, by name. Ignores migrations of later versions. */
async function missingMigrations(url: string, timeout: number): Promise<string[]> {
  try {
    const { rows } = await withConnection(url, timeout, (client) =>
      client.query<{ name: string }>('SELECT name FROM migrations'),
    );
    const done = new Set(rows.map(({ name }) => name));
    return MIGRATIONS.map(({ name }) => name).filter((name) => !done.has(name));
  } catch (error) {
    if (getSqlState(error) === UNDEFINED_TABLE) return MIGRATIONS.map(({ name }) => name);
    throw error;
  }
}
