import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type AiBridgeSettings, aiBridgeSettings } from '#config';
import { CAPABILITY_JSON, type Deprecation, type Health } from '#skills';
import { DataSource } from 'typeorm';
import { validate as isUuid } from 'uuid';

/** The metadata key with the public URL of the registry that mirrors a Skill. */
export const REGISTRY_KEY = 'ooder.registry';

/** An address at which a Skill can be called. */
export interface LocalEndpoint {
  url: string;
  health: Health;
}

/** The part of a Skill that a heartbeat needs. */
export interface SkillSummary {
  id: string;
  /** Differs after every change of the Skill. */
  stamp: string;
  /** Active endpoints. */
  endpoints: LocalEndpoint[];
}

/** The part of a Skill that is mirrored. */
export interface LocalSkill extends SkillSummary {
  name: string;
  version: string;
  description: string;
  endpoints: (LocalEndpoint & { weight: number; parameters: Record<string, string> })[];
  capabilities: {
    name: string;
    description: string;
    category: string | null;
    version: string;
    status: string;
    parameters: Record<string, object>;
    /** The JSON text of all that its owner has said of it, as answers have it. */
    text: string;
  }[];
  metadata: Record<string, string>;
  tags: string[];
  deprecation: Deprecation | null;
}

/**
 * Active endpoints of a Skill. `OFFSET 0`, here and below, makes the planner start at the Skill: without statistics it
 * expects only few active endpoints, or few Skills, and would start with those.
 */
const ACTIVE = `(SELECT * FROM skill_endpoints e WHERE e.skill_id = s.id OFFSET 0) e WHERE e.status = 'active'`;

/**
 * Skills that registered with this registry itself. Skills that another registry mirrors here are not passed on, so that
 * they cannot circulate among registries. Skills in a Space only if the settings list the Space ($1).
 */
const OWN = `s.status = 'active' AND (s.space_id IS NULL OR s.space_id = ANY($1::text[]))
  AND NOT EXISTS (SELECT FROM skill_metadata m WHERE m.skill_id = s.id AND m.key = '${REGISTRY_KEY}' OFFSET 0)
  AND EXISTS (SELECT FROM ${ACTIVE})`;

const STAMP = `s.generation || '.' || s.revision AS stamp`;

const PARAMETERS = `COALESCE((SELECT json_object_agg(p.name, CASE WHEN p.default_value IS NULL
    THEN json_build_object('type', p.type, 'required', p.required, 'description', p.description)
    ELSE json_build_object('type', p.type, 'required', p.required, 'description', p.description,
      'default', p.default_value::json) END ORDER BY p.id)
  FROM (SELECT * FROM capability_params p WHERE p.capability_id = c.id OFFSET 0) p), '{}'::json)`;

/**
 * Sorted, so that the same Skill always gives the same text. Secret values and their keys are left out, because an upstream
 * registry shows what it has. `authorization` is left out too, even if its owner did not mark it as secret.
 */
const PARTS = `(SELECT json_agg(json_build_object('url', e.url, 'weight', e.weight, 'health', e.health, 'parameters',
      COALESCE((SELECT json_object_agg(p.key, p.value ORDER BY p.key) FROM endpoint_params p
        WHERE p.endpoint_id = e.id AND NOT p.secret AND lower(p.key) <> 'authorization'), '{}'::json)) ORDER BY e.url) FROM ${ACTIVE}) AS endpoints,
  COALESCE((SELECT json_agg(json_build_object('name', c.name, 'description', c.description, 'category', c.category,
      'version', c.version, 'status', c.status, 'parameters', ${PARAMETERS}, 'text', (${CAPABILITY_JSON})::text) ORDER BY c.name)
    FROM (SELECT * FROM capabilities c WHERE c.skill_id = s.id OFFSET 0) c), '[]'::json) AS capabilities,
  COALESCE((SELECT json_object_agg(m.key, m.value ORDER BY m.key)
    FROM skill_metadata m WHERE m.skill_id = s.id AND NOT m.secret), '{}'::json) AS metadata`;

/** Reads the Skills that this service, as a member, registers with its upstream registry. */
@Injectable()
export class LocalSkillsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(aiBridgeSettings.KEY) private readonly settings: Pick<AiBridgeSettings, 'mirrorSpaces'>,
  ) {}

  /** Returns up to `limit` Skills in the order of their ids, after the given id. */
  page(after: string, limit: number): Promise<SkillSummary[]> {
    return this.dataSource.query<SkillSummary[]>(
      `SELECT s.id, ${STAMP},
         (SELECT json_agg(json_build_object('url', e.url, 'health', e.health)) FROM ${ACTIVE}) AS endpoints
       FROM (SELECT * FROM skills WHERE id > $2 ORDER BY id OFFSET 0) s WHERE ${OWN} ORDER BY s.id LIMIT $3`,
      [this.settings.mirrorSpaces, after, limit],
    );
  }

  /** Returns the given Skills, without those that are no longer mirrored. */
  find(skillIds: readonly string[]): Promise<LocalSkill[]> {
    return this.dataSource.query<LocalSkill[]>(
      `SELECT s.id, s.name, s.version, s.description, s.tags, s.deprecation, ${STAMP}, ${PARTS}
       FROM (SELECT * FROM skills WHERE id = ANY($2::uuid[]) OFFSET 0) s WHERE ${OWN} ORDER BY s.id`,
      [this.settings.mirrorSpaces, skillIds],
    );
  }

  /** Whether a registration with the upstream registry arrived in this database, so that this service is its own upstream. */
  async holdsRegistration(skillId: string, publicUrl: string): Promise<boolean> {
    if (!isUuid(skillId)) return false;
    const rows = await this.dataSource.query<unknown[]>(
      'SELECT FROM skill_metadata WHERE skill_id = $1 AND key = $2 AND value = $3',
      [skillId, REGISTRY_KEY, publicUrl],
    );
    return rows.length > 0;
  }
}
