import type { Caller } from '#auth';
import { columnsOf, prepared, type Transaction } from '#database';
import type { SkillBodies } from './registration-batch.js';
import { keyOf } from '../model/skill-key.js';
import { type HeldParts, NO_PARTS, type Part, partNamesOf } from '../model/skill-limits.js';
import type { RegisterSkillBody } from '../model/skill.dto.js';

/** A Skill that is locked, and what it has. */
export interface HeldSkill {
  id: string;
  space_id: string | null;
  parts: HeldParts;
  /** Whether there are endpoints whose lease has ended: they make room (endpoints.writer.ts), and are not in `parts`. */
  hasEnded: boolean;
}

interface PartsRow {
  skill_id: string;
  part: Part;
  total: number;
  count: number;
  names: string[];
}

/** In the order of name and version, as everywhere, so that two batches cannot wait for each other. */
const LOCK = prepared(
  'held-parts.lock',
  `SELECT s.id, s.name, s.version, s.space_id FROM skills s JOIN unnest($1::text[], $2::text[]) AS x(name, version) USING (name, version)
   WHERE s.owner = $3 AND ($4::text[] IS NULL OR s.space_id = ANY($4))
   ORDER BY s.name, s.version FOR NO KEY UPDATE OF s`,
);

/** The total counts endpoints whose lease has ended, the count does not. Names are those that bodies name. */
const PARTS = prepared(
  'held-parts.read',
  `WITH named AS (SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[]) AS x(skill_id, part, name))
   SELECT e.skill_id, 'endpoints' AS part, count(*)::int AS total,
       count(*) FILTER (WHERE l.expired_at IS NULL)::int AS count,
       COALESCE(array_agg(e.url) FILTER (WHERE l.expired_at IS NULL
         AND (e.skill_id, e.url) IN (SELECT skill_id, name FROM named WHERE part = 'endpoints')), '{}') AS names
     FROM skill_endpoints e LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id
     WHERE e.skill_id = ANY($1::uuid[]) GROUP BY e.skill_id
   UNION ALL SELECT c.skill_id, 'capabilities', count(*)::int, count(*)::int, COALESCE(array_agg(c.name) FILTER (
       WHERE (c.skill_id, c.name) IN (SELECT skill_id, name FROM named WHERE part = 'capabilities')), '{}')
     FROM capabilities c WHERE c.skill_id = ANY($1::uuid[]) GROUP BY c.skill_id
   UNION ALL SELECT m.skill_id, 'metadata', count(*)::int, count(*)::int, COALESCE(array_agg(m.key) FILTER (
       WHERE (m.skill_id, m.key) IN (SELECT skill_id, name FROM named WHERE part = 'metadata')), '{}')
     FROM skill_metadata m WHERE m.skill_id = ANY($1::uuid[]) GROUP BY m.skill_id`,
);

/** Locks those of these Skills that the caller may register again. Returns them by `keyOf`: two statements, however many. */
export async function lockHeld(
  tx: Transaction,
  caller: Caller,
  skills: readonly SkillBodies[],
): Promise<Map<string, HeldSkill>> {
  const keys = columnsOf(
    skills.map(({ name, version }) => [name, version]),
    2,
  );
  const held = await tx.query<{ id: string; name: string; version: string; space_id: string | null }[]>(LOCK, [
    ...keys,
    caller.clientId,
    caller.spaces ?? null,
  ]);
  if (held.length === 0) return new Map();
  const bodies = new Map(skills.map((skill) => [keyOf(skill), skill.bodies]));
  const named = held.flatMap((skill) => (bodies.get(keyOf(skill)) ?? []).flatMap((body) => namesIn(skill.id, body)));
  const parts = await tx.query<PartsRow[]>(PARTS, [held.map(({ id }) => id), ...columnsOf(named, 3)]);
  const byId = new Map(
    held.map(({ id, space_id }): [string, HeldSkill] => [
      id,
      { id, space_id, parts: { ...NO_PARTS }, hasEnded: false },
    ]),
  );
  for (const { skill_id, part, total, count, names } of parts) {
    const skill = byId.get(skill_id);
    if (!skill) continue;
    skill.parts[part] = { count, names: new Set(names) };
    skill.hasEnded ||= total > count;
  }
  return new Map(
    held.flatMap((skill) => {
      const found = byId.get(skill.id);
      return found ? [[keyOf(skill), found]] : [];
    }),
  );
}

function namesIn(skillId: string, body: RegisterSkillBody): string[][] {
  return Object.entries(partNamesOf(body)).flatMap(([part, names]) => names.map((name) => [skillId, part, name]));
}
