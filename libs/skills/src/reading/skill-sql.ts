import { MASK } from '../secrets/index.js';

/** A value, or the mask of a secret. No query selects the secret itself. */
const shown = (row: string): string => `CASE WHEN ${row}.secret THEN '${MASK}' ELSE ${row}.value END`;

/** A parameter of an endpoint with its type. `text` is what a string shows. */
export const parameterJson = (row: string, text: string): string =>
  `CASE WHEN ${row}.type = 'string' THEN to_json(${text}) ELSE ${row}.value::json END`;

/**
 * Parts of a Skill as JSON, built by PostgreSQL: a page of Skills with all its parts is one round trip. `OFFSET 0` keeps
 * the planner from scanning the whole index on created_at to sort a few rows, as it does without statistics.
 */
const endpoints = (condition: string): string => `COALESCE((SELECT json_agg(json_build_object(
    'endpoint_id', e.id, 'url', e.url, 'protocol', e.protocol, 'weight', e.weight, 'status', e.status,
    'health', e.health, 'parameters', COALESCE(
      (SELECT json_object_agg(p.key, ${parameterJson('p', shown('p'))}
        ORDER BY p.key) FROM endpoint_params p WHERE p.endpoint_id = e.id),
      '{}'::json)) ORDER BY e.created_at, e.id)
  FROM (SELECT * FROM skill_endpoints e WHERE e.skill_id = s.id ${condition} OFFSET 0) e), '[]'::json)`;

const DECLARATION = `CASE WHEN p.default_value IS NULL
  THEN json_build_object('type', p.type, 'required', p.required, 'description', p.description)
  ELSE json_build_object('type', p.type, 'required', p.required, 'default', p.default_value::json,
    'description', p.description) END`;

/** The parameters of a capability `c`. Members of `rules` are appended as text: of two members `type`, readers take the last. */
export const PARAMETERS = `COALESCE((SELECT json_object_agg(p.name, CASE WHEN p.rules IS NULL THEN ${DECLARATION}
      ELSE (left((${DECLARATION})::text, -1) || ',' || substr(p.rules::text, 2))::json END ORDER BY p.id)
  FROM (SELECT * FROM capability_params p WHERE p.capability_id = c.id OFFSET 0) p), '{}'::json)`;

/** Bytes of a schema in lists of Skills: larger ones are left out there. */
const MAX_LISTED_SCHEMA = 4 * 1024;

const CAPABILITY = `json_build_object(
  'capability_id', COALESCE(c.external_id, c.id::text), 'id', c.id, 'skill_id', COALESCE(s.external_id, s.id::text), 'name', c.name, 'description', c.description,
  'category', c.category, 'version', c.version, 'status', c.status, 'parameters', ${PARAMETERS})`;

/** Appends the members that a capability `c` has. Their text stays as it is: json functions would write it anew. */
export function withDescriptions(object: string, schema: (column: string) => string): string {
  return `CASE WHEN c.input_schema IS NULL AND c.output_schema IS NULL AND c.examples IS NULL THEN ${object}
    ELSE (left((${object})::text, -1) || concat(',"input_schema":' || ${schema('c.input_schema')},
      ',"output_schema":' || ${schema('c.output_schema')}, ',"examples":' || c.examples::text, '}'))::json END`;
}

/** A capability `c` of a Skill `s`. */
export const CAPABILITY_JSON = withDescriptions(CAPABILITY, (column) => `${column}::text`);

const LISTED_CAPABILITY = withDescriptions(
  CAPABILITY,
  (column) => `CASE WHEN octet_length(${column}::text) <= ${MAX_LISTED_SCHEMA} THEN ${column}::text END`,
);

const capabilities = (json: string): string => `COALESCE((SELECT json_agg(${json} ORDER BY c.created_at, c.id)
  FROM (SELECT * FROM capabilities c WHERE c.skill_id = s.id OFFSET 0) c), '[]'::json)`;

const METADATA = `COALESCE((SELECT json_object_agg(m.key, ${shown('m')} ORDER BY m.key)
  FROM skill_metadata m WHERE m.skill_id = s.id), '{}'::json)`;

const columns = (
  endpointCondition: string,
  capability: string,
): string => `s.id, s.external_id, s.name, s.description, s.version, s.status, s.owner, s.space_id, s.deprecation, s.tags,
  s.generation, s.revision, s.registered_at, s.last_heartbeat, s.created_at, s.updated_at,
  ${endpoints(endpointCondition)} AS endpoints, ${capabilities(capability)} AS capabilities, ${METADATA} AS metadata`;

/** The columns of a Skill `s` with all its parts. */
export const SKILL_COLUMNS = columns('', CAPABILITY_JSON);

/** The same without large schemas. */
export const LISTED_SKILL_COLUMNS = columns('', LISTED_CAPABILITY);

/** The same without endpoints that are unhealthy, too. */
export const LIVE_SKILL_COLUMNS = columns(`AND e.health <> 'unhealthy'`, LISTED_CAPABILITY);
