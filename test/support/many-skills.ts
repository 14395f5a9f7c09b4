import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDatabase } from './test-database.js';

const STATEMENTS = readFileSync(join(import.meta.dirname, 'many-skills.sql'), 'utf8');

/** Puts so many Skills into an empty database, named `skill-1` and so on, and lets PostgreSQL look at them. */
export async function makeSkills(database: TestDatabase, count: number): Promise<void> {
  await database.query(STATEMENTS.replaceAll(':count', String(count)));
  await database.query('VACUUM ANALYZE');
}

/** The same, and parameters of each type at one endpoint. `timeout_ms` has a value that older releases accepted. */
export async function makeOddSkills(database: TestDatabase, count: number): Promise<void> {
  await makeSkills(database, count);
  await database.query(
    `INSERT INTO endpoint_params (id, endpoint_id, key, value, type) SELECT gen_random_uuid(), e.id, x.*
     FROM (SELECT id FROM skill_endpoints ORDER BY id LIMIT 1) e, (VALUES ('timeout_ms', 'abc', 'string'),
       ('ratio', '-0.25', 'number'), ('on', 'true', 'boolean'), ('zeros', '00', 'string')) AS x(key, value, type)`,
  );
}
