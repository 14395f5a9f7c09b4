import type { TestDatabase } from '../../support/test-database.js';
import type { Shown } from './stamped-skill.js';

/** A Skill as it is stored. */
export interface StoredSkill extends Shown {
  id: string;
  name: string;
  /** Rises by one with each change. */
  revision: number;
  /** Whether the full-text search finds it by the number of its change. */
  is_searchable: boolean;
}

/** Returns the Skills of the writers. */
export function storedSkills(database: TestDatabase): Promise<StoredSkill[]> {
  return database.query<StoredSkill>(
    `SELECT s.id, s.name, s.description, s.revision,
       EXISTS (SELECT FROM skill_search f WHERE f.skill_id = s.id) AS is_searchable,
       (SELECT coalesce(json_agg(json_build_object('url', e.url)), '[]') FROM skill_endpoints e WHERE e.skill_id = s.id) AS endpoints,
       (SELECT coalesce(json_agg(json_build_object('description', c.description, 'parameters',
          (SELECT coalesce(json_object_agg(p.name, json_build_object('description', p.description)), '{}')
           FROM capability_params p WHERE p.capability_id = c.id))), '[]')
        FROM capabilities c WHERE c.skill_id = s.id) AS capabilities,
       (SELECT coalesce(json_object_agg(m.key, m.value), '{}') FROM skill_metadata m WHERE m.skill_id = s.id) AS metadata
     FROM skills s WHERE s.name LIKE 'history-%'`,
  );
}

/** Number of changes of each Skill in the audit log, by its id. */
export async function auditedChanges(database: TestDatabase): Promise<Map<string, number>> {
  const rows = await database.query<{ target: string; count: number }>(
    `SELECT target, count(*)::int AS count FROM audit_entries
     WHERE target LIKE 'skill:%' AND result = 'success' GROUP BY target`,
  );
  return new Map(rows.map(({ target, count }) => [target.replace('skill:', ''), count]));
}

/** Number of parts without their Skill. */
export async function orphans(database: TestDatabase): Promise<number> {
  const tables = ['skill_endpoints', 'capabilities', 'skill_metadata', 'skill_search', 'skill_status'];
  const counts = tables.map(
    (table) =>
      `SELECT count(*)::int AS count FROM ${table} p WHERE NOT EXISTS (SELECT FROM skills s WHERE s.id = p.skill_id)`,
  );
  const rows = await database.query<{ count: number }>(counts.join(' UNION ALL '));
  return rows.reduce((sum, { count }) => sum + count, 0);
}
