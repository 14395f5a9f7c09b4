import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDatabase } from './test-database.js';

const STATEMENTS = readFileSync(join(import.meta.dirname, 'many-skills.sql'), 'utf8');

/** Puts so many Skills into an empty database, named `skill-1` and so on, and lets PostgreSQL look at them. */
export async function makeSkills(database: TestDatabase, count: number): Promise<void> {
  await database.query(STATEMENTS.replaceAll(':count', String(count)));
  await database.query('VACUUM ANALYZE');
}
