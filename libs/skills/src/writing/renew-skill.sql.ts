import { prepared } from '#database';

/**
 * Renews Skills of one owner, and inserts those that have become new. The parameters: the Skills as JSON, the owner, and the
 * Spaces in which it may renew (null: everywhere). Returns none for those that belong to another.
 */
export const RENEW = prepared(
  'skills.renew',
  `INSERT INTO skills AS s (id, name, description, version, owner, space_id, facets, callable, has_active, has_live,
           last_heartbeat)
         SELECT x.id, x.name, COALESCE(x.description, ''), x.version, $2, x.space_id, x.facets, x.callable,
           x.has_active, x.has_live, now()
         FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, name text, description text, version text, space_id text,
           facets bigint[], callable boolean, has_active boolean, has_live boolean)
         WHERE NOT EXISTS (
           SELECT FROM skills o WHERE o.id = x.id AND (o.name, o.version) IS DISTINCT FROM (x.name, x.version))
         AND NOT EXISTS (
           SELECT FROM freed_skill_ids f WHERE f.skill_id = x.id AND f.owner <> $2::varchar AND f.held_until > now())
         ORDER BY x.name, x.version
         ON CONFLICT (name, version) DO UPDATE SET
           description = COALESCE(NULLIF(EXCLUDED.description, ''), s.description),
           space_id = COALESCE(EXCLUDED.space_id, s.space_id), generation = nextval('skill_generation'), revision = s.revision + 1,
           registered_at = now(), last_heartbeat = now(), updated_at = now()
         WHERE s.owner = EXCLUDED.owner AND ($3::text[] IS NULL OR s.space_id = ANY($3))
         RETURNING s.id, s.name, s.version, s.generation, s.registered_at, s.space_id, (s.xmax = 0) AS created`,
);
