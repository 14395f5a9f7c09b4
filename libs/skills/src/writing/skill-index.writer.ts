import { Injectable } from '@nestjs/common';
import { prepared, type Transaction } from '#database';
import { type Facetable, indexOf } from '../model/facets.js';
import { type SearchableSkill, searchDocument } from '../model/search-document.js';

type IndexedSkill = SearchableSkill & Facetable & { id: string };

const WRITE_DOCUMENTS = prepared(
  'skill-index.documents',
  `INSERT INTO skill_search AS f (skill_id, document) SELECT x.id, x.document::tsvector
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, document text)
       ON CONFLICT (skill_id) DO UPDATE SET document = EXCLUDED.document WHERE f.document <> EXCLUDED.document`,
);

const WRITE_FACETS = prepared(
  'skill-index.facets',
  `UPDATE skills s SET facets = x.facets, callable = x.callable, has_active = x.has_active, has_live = x.has_live
       FROM jsonb_to_recordset($1::jsonb)
         AS x(id uuid, facets bigint[], callable boolean, has_active boolean, has_live boolean)
       WHERE s.id = x.id AND (s.facets, s.callable, s.has_active, s.has_live)
         IS DISTINCT FROM (x.facets, x.callable, x.has_active, x.has_live)`,
);

const WRITE_HEALTH = prepared(
  'skill-index.health',
  `UPDATE skill_status t SET health = x.health, updated_at = now()
       FROM (SELECT skill_id, CASE
             WHEN bool_and(health = 'unhealthy') THEN 'unhealthy' WHEN bool_and(health = 'healthy') THEN 'healthy'
             ELSE 'warning' END AS health
           FROM (SELECT skill_id, health, status = max(status) OVER (PARTITION BY skill_id) AS counts FROM (
               SELECT skill_id, health, (status = 'active')::int AS status FROM skill_endpoints
               WHERE skill_id = ANY($1::uuid[])) e) e
           WHERE counts GROUP BY skill_id) x
       WHERE t.skill_id = x.skill_id AND t.health <> x.health`,
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
       WHERE s.id = ANY($1::uuid[])`,
);

/** Keeps what lists, discovery and status look at in step with the tables of a Skill, in the same transaction. */
@Injectable()
export class SkillIndexWriter {
  /** Indexes what is stored now; call it after every change of these Skills. */
  async refresh(tx: Transaction, ids: readonly string[]): Promise<void> {
    const skills = await this.refreshHealth(tx, ids);
    if (skills.length === 0) return;
    await tx.query(WRITE_DOCUMENTS, [
      JSON.stringify(skills.map((skill) => ({ id: skill.id, document: searchDocument(skill) }))),
    ]);
  }

  /** Enough after a change of nothing but the health of endpoints. Returns what is stored. */
  async refreshHealth(tx: Transaction, ids: readonly string[]): Promise<IndexedSkill[]> {
    if (ids.length === 0) return [];
    const skills = await this.read(tx, ids);
    await tx.query(WRITE_FACETS, [JSON.stringify(skills.map((skill) => ({ id: skill.id, ...indexOf(skill) })))]);
    // Of active endpoints, and of all where none is: unhealthy when all are, healthy when all are.
    await tx.query(WRITE_HEALTH, [ids]);
    return skills;
  }

  private read(tx: Transaction, ids: readonly string[]): Promise<IndexedSkill[]> {
    return tx.query<IndexedSkill[]>(READ, [ids]);
  }
}
