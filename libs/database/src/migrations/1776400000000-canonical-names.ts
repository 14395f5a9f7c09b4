import { canonicalUrl } from '#common';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Skills in one statement, so that no lock lasts long. */
const SKILLS_AT_ONCE = 500;

const NO_SKILL = '00000000-0000-0000-0000-000000000000';

/** Endpoints of the next Skills with several, in the order of their registration. */
const ENDPOINTS = `SELECT e.id, e.skill_id, e.url FROM skill_endpoints e LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id
  WHERE e.skill_id IN (SELECT skill_id FROM skill_endpoints WHERE skill_id > $1
    GROUP BY skill_id HAVING count(*) > 1 ORDER BY skill_id LIMIT ${SKILLS_AT_ONCE})
  ORDER BY e.skill_id, COALESCE(l.registered_at, e.created_at), e.created_at, e.id`;

/** Locks the Skills in the order of every other statement. An endpoint goes only if the one that replaces it is still there. */
const REMOVE = `WITH held AS MATERIALIZED (
    SELECT id FROM skills WHERE id = ANY($3::uuid[]) ORDER BY name, version FOR UPDATE),
  gone AS (
    DELETE FROM skill_endpoints e USING unnest($1::uuid[], $2::uuid[]) AS x(id, kept), held h
    WHERE e.id = x.id AND h.id = e.skill_id AND EXISTS (SELECT FROM skill_endpoints k WHERE k.id = x.kept) RETURNING e.skill_id)
  UPDATE skills SET revision = revision + 1, updated_at = now() WHERE id IN (SELECT skill_id FROM gone)`;

interface EndpointRow {
  id: string;
  skill_id: string;
  url: string;
}

/**
 * One URL has one spelling in a Skill: of several endpoints with the same canonical URL, the one that registered last stays
 * (docs/adr/0045). Look-alikes of names are found by their skeletons.
 */
export class CanonicalNames1776400000000 implements MigrationInterface {
  readonly name = 'CanonicalNames1776400000000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE IF NOT EXISTS skill_name_skeletons (
      name varchar(255) CONSTRAINT pk_skill_name_skeletons PRIMARY KEY
        CONSTRAINT fk_skill_name_skeletons_name REFERENCES skill_names ON DELETE CASCADE,
      skeleton varchar(255) NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now())`);
    await runner.query(
      'CREATE INDEX IF NOT EXISTS ix_skill_name_skeletons_skeleton ON skill_name_skeletons (skeleton, name)',
    );
    for (let after = NO_SKILL; ;) {
      const rows = (await runner.query(ENDPOINTS, [after])) as EndpointRow[];
      const last = rows.at(-1);
      if (!last) break;
      await this.removeRepeated(runner, rows);
      after = last.skill_id;
    }
  }

  /** The removed endpoints stay removed: the ones that stayed serve for them. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE skill_name_skeletons');
  }

  private async removeRepeated(runner: QueryRunner, rows: readonly EndpointRow[]): Promise<void> {
    const newest = new Map(rows.map((row) => [keyOf(row), row.id]));
    const gone = rows.filter((row) => newest.get(keyOf(row)) !== row.id);
    if (gone.length === 0) return;
    await runner.query(REMOVE, [
      gone.map(({ id }) => id),
      gone.map((row) => newest.get(keyOf(row))),
      gone.map(({ skill_id }) => skill_id),
    ]);
  }
}

function keyOf({ skill_id, url }: EndpointRow): string {
  return `${skill_id} ${canonicalUrl(url)}`;
}
