import { MASK } from '../secrets/index.js';

/** A value, or the mask of a secret. No query selects the secret itself. */
const shown = (row: string): string => `CASE WHEN ${row}.secret THEN '${MASK}' ELSE ${row}.value END`;

/**
 * Parts of a Skill as JSON, built by PostgreSQL: a page of Skills with all its parts is one round trip. `OFFSET 0` keeps
 * the planner from scanning the whole index on created_at to sort a few rows, as it does without statistics.
 */
const endpoints = (condition: string): string => `COALESCE((SELECT json_agg(json_build_object(
    'endpoint_id', e.id, 'url', e.url, 'protocol', e.protocol, 'weight', e.weight, 'status', e.status,
    'health', e.health, 'parameters', COALESCE(
      (SELECT json_object_agg(p.key, ${shown('p')} ORDER BY p.key) FROM endpoint_params p WHERE p.endpoint_id = e.id),
      '{}'::json)) ORDER BY e.created_at, e.id)
  FROM (SELECT * FROM skill_endpoints e WHERE e.skill_id = s.id ${condition} OFFSET 0) e), '[]'::json)`;

const PARAMETERS = `COALESCE((SELECT json_object_agg(p.name,
    CASE WHEN p.default_value IS NULL
      THEN json_build_object('type', p.type, 'required', p.required, 'description', p.description)
      ELSE json_build_object('type', p.type, 'required', p.required, 'default', p.default_value::json,
        'description', p.description) END ORDER BY p.id)
  FROM (SELECT * FROM capability_params p WHERE p.capability_id = c.id OFFSET 0) p), '{}'::json)`;

/** A capability `c` of a Skill `s`. */
export const CAPABILITY_JSON = `json_build_object(
  'capability_id', COALESCE(c.external_id, c.id::text), 'id', c.id, 'skill_id', COALESCE(s.external_id, s.id::text), 'name', c.name, 'description', c.description,
  'category', c.category, 'version', c.version, 'status', c.status, 'parameters', ${PARAMETERS})`;

const CAPABILITIES = `COALESCE((SELECT json_agg(${CAPABILITY_JSON} ORDER BY c.created_at, c.id)
  FROM (SELECT * FROM capabilities c WHERE c.skill_id = s.id OFFSET 0) c), '[]'::json)`;

const METADATA = `COALESCE((SELECT json_object_agg(m.key, ${shown('m')} ORDER BY m.key)
  FROM skill_metadata m WHERE m.skill_id = s.id), '{}'::json)`;

const columns = (
  endpointCondition: string,
): string => `s.id, s.external_id, s.name, s.description, s.version, s.status, s.owner, s.space_id, s.deprecation, s.tags,
  s.generation, s.revision, s.registered_at, s.last_heartbeat, s.created_at, s.updated_at,
  ${endpoints(endpointCondition)} AS endpoints, ${CAPABILITIES} AS capabilities, ${METADATA} AS metadata`;

/** The columns of a Skill `s` with all its parts. */
export const SKILL_COLUMNS = columns('');

/** The same without endpoints that are unhealthy. */
export const LIVE_SKILL_COLUMNS = columns(`AND e.health <> 'unhealthy'`);
