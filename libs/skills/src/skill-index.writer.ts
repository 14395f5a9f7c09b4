import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';
import { type Facetable, indexOf } from './facets.js';
import { type SearchableSkill, searchDocument } from './search-document.js';

type IndexedSkill = SearchableSkill & Facetable & { id: string };

/** Keeps what lists and discovery look at in step with the tables of a Skill, in the same transaction. */
@Injectable()
export class SkillIndexWriter {
  /** Indexes what is stored now; call it after every change of these Skills. */
  async refresh(tx: Transaction, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const skills = await tx.query<IndexedSkill[]>(
      `SELECT s.id, s.name, s.description,
         COALESCE((SELECT json_agg(json_build_object('name', c.name, 'description', c.description,
             'category', c.category, 'status', c.status))
           FROM capabilities c WHERE c.skill_id = s.id), '[]'::json) AS capabilities,
         COALESCE((SELECT json_agg(DISTINCT e.protocol) FILTER (WHERE e.status = 'active')
           FROM skill_endpoints e WHERE e.skill_id = s.id), '[]'::json) AS protocols,
         COALESCE((SELECT json_object_agg(m.key, m.value)
           FROM skill_metadata m WHERE m.skill_id = s.id), '{}'::json) AS metadata
       FROM skills s WHERE s.id = ANY($1::uuid[])`,
      [ids],
    );
    const rows = skills.map((skill) => ({
      id: skill.id,
      ...indexOf(skill),
      document: searchDocument(skill),
    }));
    const parameters = [JSON.stringify(rows)];
    await tx.query(
      `UPDATE skills s SET facets = x.facets, callable = x.callable
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, facets bigint[], callable boolean)
       WHERE s.id = x.id AND (s.facets, s.callable) IS DISTINCT FROM (x.facets, x.callable)`,
      parameters,
    );
    await tx.query(
      `INSERT INTO skill_search AS f (skill_id, document) SELECT x.id, x.document::tsvector
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, document text)
       ON CONFLICT (skill_id) DO UPDATE SET document = EXCLUDED.document WHERE f.document <> EXCLUDED.document`,
      parameters,
    );
  }
}
