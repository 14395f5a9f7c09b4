import { rowsOf, type Transaction } from '#database';
import { type Deprecation, shownDeprecated } from '../model/deprecation.js';
import { parameterJson, PARAMETERS, withDescriptions } from '../reading/skill-sql.js';
import type { ScalarValue } from '../secrets/index.js';
import type { SkillLine } from './skill.line.js';

interface ExportedValue<Value> {
  key: string;
  /** Null: the value is secret. */
  value: Value | null;
}

type Nullable<T, K extends keyof T> = Omit<T, K> & { [key in K]: T[key] | null };
type ExportedEndpoint = Omit<SkillLine['endpoints'][number], 'parameters'> & {
  parameters: ExportedValue<ScalarValue>[];
};
type ExportedCapability = Nullable<NonNullable<SkillLine['capabilities']>[number], 'category' | 'external_id'>;

type ExportedSkill = Omit<
  SkillLine,
  'endpoints' | 'capabilities' | 'metadata' | 'tags' | 'space_id' | 'external_id' | 'deprecated' | 'deprecated_since'
> & {
  tags: string[];
  space_id: string | null;
  external_id: string | null;
  deprecation: Deprecation | null;
  endpoints: ExportedEndpoint[];
  capabilities: ExportedCapability[];
  metadata: ExportedValue<string>[];
};

/** Secret values stay in the database. */
const values = (table: string, owner: string, value = 'v.value'): string => `COALESCE((SELECT json_agg(
    json_build_object('key', v.key, 'value', CASE WHEN NOT v.secret THEN ${value} END) ORDER BY v.key)
  FROM ${table} v WHERE v.${owner}), '[]'::json)`;

const CAPABILITY = withDescriptions(
  `json_build_object('capability_id', c.id, 'external_id', c.external_id, 'name', c.name, 'description', c.description, 'category', c.category,
    'version', c.version, 'status', c.status, 'parameters', ${PARAMETERS})`,
  (column) => `${column}::text`,
);

const SKILLS = `SELECT s.id AS skill_id, s.external_id, s.name, s.description, s.version, s.status, s.owner, s.space_id, s.tags,
    s.deprecation, s.generation,
    to_json(s.registered_at) AS registered_at, to_json(s.created_at) AS created_at, to_json(s.updated_at) AS updated_at,
    t.request_count, t.error_count, t.routed_count, t.routed_errors,
    COALESCE((SELECT json_agg(json_build_object('endpoint_id', e.id, 'url', e.url, 'weight', e.weight, 'status', e.status,
        'parameters', ${values('endpoint_params', 'endpoint_id = e.id', parameterJson('v', 'v.value'))}) ORDER BY e.created_at, e.id)
      FROM skill_endpoints e WHERE e.skill_id = s.id), '[]'::json) AS endpoints,
    COALESCE((SELECT json_agg(${CAPABILITY} ORDER BY c.created_at, c.id)
      FROM capabilities c WHERE c.skill_id = s.id), '[]'::json) AS capabilities,
    ${values('skill_metadata', 'skill_id = s.id')} AS metadata
  FROM skills s JOIN skill_status t ON t.skill_id = s.id ORDER BY s.id`;

/** Yields every Skill, without secrets, leases and results of probes. */
export async function* exportedSkills(tx: Transaction): AsyncGenerator<SkillLine> {
  for await (const row of rowsOf<ExportedSkill>(tx, SKILLS)) {
    const { endpoints, capabilities, metadata, tags, space_id, external_id, deprecation, ...skill } = row;
    yield {
      ...skill,
      ...(external_id !== null && { external_id }),
      ...(space_id !== null && { space_id }),
      ...(deprecation !== null && { deprecated: shownDeprecated(deprecation), deprecated_since: deprecation.since }),
      ...(tags.length > 0 && { tags }),
      endpoints: endpoints.map(({ parameters, ...endpoint }) => ({
        ...endpoint,
        parameters: plain(parameters),
        ...(secret(parameters).length > 0 && { secret_parameters: secret(parameters) }),
      })),
      capabilities: capabilities.map(({ category, external_id: externalId, ...capability }) => ({
        ...capability,
        ...(externalId !== null && { external_id: externalId }),
        ...(category !== null && { category }),
      })),
      metadata: plain(metadata),
      ...(secret(metadata).length > 0 && { secret_metadata: secret(metadata) }),
    };
  }
}

/** The highest generation. Registrations after an import continue above it. */
export async function highestGeneration(tx: Transaction): Promise<number> {
  const [row] = await tx.query<{ highest: number }[]>(
    `SELECT GREATEST((SELECT COALESCE(max(generation), 0) FROM skills),
       (SELECT COALESCE(max(generation), 0) FROM endpoint_leases)) AS highest`,
  );
  return row?.highest ?? 0;
}

function plain<Value>(all: readonly ExportedValue<Value>[]): Record<string, Value> {
  return Object.fromEntries(all.flatMap(({ key, value }) => (value === null ? [] : [[key, value]])));
}

function secret(all: readonly ExportedValue<ScalarValue>[]): string[] {
  return all.flatMap(({ key, value }) => (value === null ? [key] : []));
}
