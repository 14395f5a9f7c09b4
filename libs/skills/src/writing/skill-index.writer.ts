import { Injectable } from '@nestjs/common';
import { columnsOf, prepared, rowsOfArrays, type Transaction } from '#database';
import { type Facetable, buildIndex } from '../model/facets.js';
import { type SearchableSkill, searchDocument } from '../model/search-document.js';

type IndexedSkill = SearchableSkill & Facetable & { id: string };

/** The health of a Skill is that of its active endpoints, or of all if none is active; if they differ, `warning`. */
const WRITE = prepared(
  'skill-index.write',
  `WITH x AS MATERIALIZED (SELECT id, facets::bigint[], callable, has_active, has_live, document FROM ${rowsOfArrays({
    id: 'uuid',
    facets: 'text',
    callable: 'boolean',
    has_active: 'boolean',
    has_live: 'boolean',
    document: 'text',
  })}),
     facets AS (
       UPDATE skills s SET facets = x.facets, callable = x.callable, has_active = x.has_active, has_live = x.has_live
       FROM x WHERE s.id = x.id AND (s.facets, s.callable, s.has_active, s.has_live)
         IS DISTINCT FROM (x.facets, x.callable, x.has_active, x.has_live)),
     health AS (
       UPDATE skill_status t SET health = h.health, updated_at = now()
       FROM (SELECT skill_id, CASE
             WHEN bool_and(health = 'unhealthy') THEN 'unhealthy' WHEN bool_and(health = 'healthy') THEN 'healthy'
             ELSE 'warning' END AS health
           FROM (SELECT skill_id, health, status = max(status) OVER (PARTITION BY skill_id) AS counts FROM (
               SELECT skill_id, health, (status = 'active')::int AS status FROM skill_endpoints
               WHERE skill_id IN (SELECT id FROM x)) e) e
           WHERE counts GROUP BY skill_id) h
       WHERE t.skill_id = h.skill_id AND t.health <> h.health)
   INSERT INTO skill_search AS f (skill_id, document) SELECT x.id, x.document::tsvector FROM x WHERE x.document IS NOT NULL
   ON CONFLICT (skill_id) DO UPDATE SET document = EXCLUDED.document WHERE f.document <> EXCLUDED.document`,
);

const READ = prepared(
  'skill-index.read',
  `SELECT s.id, s.name, s.description,
         COALESCE((SELECT json_agg(json_build_object('name', c.name, 'description', c.description,
             'category', c.category, 'status', c.status))
           FROM capabilities c WHERE c.skill_id = s.id), '[]'::json) AS capabilities,
         COALESCE(e.protocols, '[]'::json) AS protocols,
         COALESCE(e.has_active, false) AS has_active, COALESCE(e.has_live, false) AS has_live,
         COALESCE((SELECT json_object_agg(m.key, m.value)
           FROM skill_metadata m WHERE m.skill_id = s.id AND NOT m.secret), '{}'::json) AS metadata
       FROM skills s CROSS JOIN LATERAL (
         SELECT json_agg(DISTINCT e.protocol) FILTER (WHERE e.status = 'active' AND e.health <> 'unhealthy') AS protocols,
           bool_or(e.status = 'active') AS has_active, bool_or(e.health <> 'unhealthy') AS has_live
         FROM skill_endpoints e WHERE e.skill_id = s.id) e
       WHERE s.id IN (SELECT id FROM ${rowsOfArrays({ id: 'uuid' })})`,
);

/** Updates the columns that lists, discovery and status read, in the transaction of the change. */
@Injectable()
export class SkillIndexWriter {
  /** Call it after every change of these Skills. */
  refresh(tx: Transaction, ids: readonly string[]): Promise<void> {
    return this.write(tx, ids, searchDocument);
  }

  /** Call it if only the health of endpoints changed. */
  refreshHealth(tx: Transaction, ids: readonly string[]): Promise<void> {
    return this.write(tx, ids);
  }

  private async write(
    tx: Transaction,
    ids: readonly string[],
    documentOf?: (skill: SearchableSkill) => string,
  ): Promise<void> {
    if (ids.length === 0) return;
    const skills = await tx.query<IndexedSkill[]>(READ, [ids]);
    const rows = skills.map((skill) => {
      const { facets, callable, has_active, has_live } = buildIndex(skill);
      return [skill.id, `{${facets.join(',')}}`, callable, has_active, has_live, documentOf?.(skill)];
    });
    await tx.query(WRITE, columnsOf(rows, 6));
  }
}
