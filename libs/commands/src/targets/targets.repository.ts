import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type CommandsSettings, commandsSettings } from '#config';
import { Conditions } from '#database';
import {
  inSpaces,
  IS_RELEASE,
  isCapability,
  LATEST,
  orderCapabilities,
  toCapabilityKey,
  versionCondition,
} from '#skills';
import { DataSource } from 'typeorm';
import type { Target } from './target.js';

/** Versions of a Skill in one answer: first those that can be called, then the highest. */
const MAX_VERSIONS = 200;
/** Skills with a capability in one answer, the highest version of the capability first. */
const MAX_SKILLS = 50;

const IS_CAPABILITY = isCapability('c', '$1', '$2');
const BEST_CAPABILITY = orderCapabilities('c', '$1', '$2');

/** One capability of a Skill `s`. */
const capability = (condition: string, order: string): string => `LATERAL (
  SELECT json_build_object('capabilityId', c.id, 'externalId', c.external_id, 'name', c.name, 'version', c.version, 'status', c.status,
    'inputSchema', c.input_schema::text, 'outputSchema', c.output_schema::text,
    'parameters', COALESCE((
      SELECT json_agg(json_build_object('name', p.name, 'type', p.type, 'required', p.required,
        'defaultValue', p.default_value, 'rules', p.rules) ORDER BY p.id)
      FROM (SELECT * FROM capability_params p WHERE p.capability_id = c.id OFFSET 0) p), '[]'::json)) AS capability
  FROM (SELECT * FROM capabilities c WHERE c.skill_id = s.id OFFSET 0) c
  WHERE ${condition} ORDER BY ${order} LIMIT 1)`;

/** The capability with the id or name in $1 and $2 (`toCapabilityKey`). */
const CAPABILITY = capability(IS_CAPABILITY, BEST_CAPABILITY);
const CAPABILITY_BY_NAME = capability('c.name = $1', 'c.id');

const ENDPOINTS = `COALESCE((
  SELECT json_agg(json_build_object('endpointId', e.id, 'url', e.url, 'protocol', e.protocol, 'weight', e.weight,
    'status', e.status, 'health', e.health, 'parameters', COALESCE((
      SELECT json_agg(json_build_object('key', p.key, 'value', p.value, 'secret', p.secret))
      FROM endpoint_params p WHERE p.endpoint_id = e.id), '[]'::json)) ORDER BY e.created_at, e.id)
  FROM (SELECT * FROM skill_endpoints e WHERE e.skill_id = s.id OFFSET 0) e), '[]'::json) AS endpoints`;

const COLUMNS = `s.id AS "skillId", s.external_id AS "externalId", s.name AS "skillName", s.version AS "skillVersion",
  s.status AS "skillStatus", s.owner, s.space_id AS "spaceId", s.deprecation, c.capability, ${ENDPOINTS}`;

/** Finds Skills to call, with one query each. */
@Injectable()
export class TargetsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  /** Returns none or one. `capability`: an id or a name. */
  bySkill(skillId: string, capability: string): Promise<Target[]> {
    return this.dataSource.query(`SELECT ${COLUMNS} FROM skills s LEFT JOIN ${CAPABILITY} c ON true WHERE s.id = $3`, [
      ...toCapabilityKey(capability),
      skillId,
    ]);
  }

  /**
   * Returns versions in a semver range and in these Spaces (undefined: everywhere), the highest first, and of equal versions the
   * youngest; deprecated ones last. `latest` takes prereleases only if there are no releases. Only Skills of the owner of the name count, and of one
   * client that it is shared with: the one that has the highest version with the capability.
   */
  byName(name: string, range: string, capability: string, spaces: readonly string[] | undefined): Promise<Target[]> {
    const where = new Conditions();
    for (const value of toCapabilityKey(capability)) where.bind(value);
    const bound = where.bind(name);
    where.add(`s.name = ${bound}`);
    if (range !== LATEST) where.add(versionCondition(range, where));
    if (spaces) where.add(inSpaces('s.space_id', spaces, (value) => where.bind(value)));
    where.add(`(s.owner = n.owner OR EXISTS (
      SELECT FROM skill_name_shares h WHERE h.name = ${bound} AND h.client_id = s.owner))`);
    // Names from before skill_names existed have no row there: the client that used the name first owns it.
    return this.dataSource.query(
      `WITH named AS MATERIALIZED (
         SELECT COALESCE((SELECT owner FROM skill_names WHERE name = ${bound}),
           (SELECT owner FROM skills WHERE name = ${bound} ORDER BY created_at, id LIMIT 1)) AS owner),
       found AS MATERIALIZED (
         SELECT s.id, s.owner, s.version_key, s.deprecated, ${IS_RELEASE} AS is_release, s.status = 'active' AND s.callable AS live, k.status AS capability
         FROM named n CROSS JOIN skills s LEFT JOIN LATERAL (
           SELECT c.status FROM capabilities c WHERE c.skill_id = s.id AND ${IS_CAPABILITY}
           ORDER BY ${BEST_CAPABILITY} LIMIT 1) k ON true ${where.toString()}),
       fits AS (SELECT * FROM found ${range === LATEST ? 'WHERE is_release OR NOT EXISTS (SELECT FROM found WHERE is_release)' : ''}),
       best AS MATERIALIZED (
         SELECT f.id FROM fits f WHERE f.owner IN (SELECT owner FROM named UNION ALL (
           SELECT owner FROM fits ORDER BY capability IS NULL, deprecated, version_key DESC LIMIT 1))
         ORDER BY (f.live AND f.capability = 'enabled') IS TRUE DESC, f.deprecated, f.version_key DESC, f.id DESC LIMIT ${MAX_VERSIONS})
       SELECT ${COLUMNS} FROM best JOIN skills s ON s.id = best.id LEFT JOIN ${CAPABILITY} c ON true
       ORDER BY s.deprecated, s.version_key DESC, s.id DESC`,
      where.parameters,
    );
  }

  /**
   * Returns Skills of trusted owners and Spaces (settings) with this capability: first those that can be called, deprecated
   * ones last, then the highest version of the capability. Prereleases count only if there are no releases.
   */
  byCapability(name: string, spaces: readonly string[] | undefined): Promise<Target[]> {
    const { trustedOwners, trustedSpaces } = this.settings;
    const trustsAll = trustedOwners.length === 0 && trustedSpaces.length === 0;
    return this.dataSource.query(
      `WITH found AS MATERIALIZED (
         SELECT s.id, s.version_key, s.deprecated, s.created_at, ${IS_RELEASE} AS is_release, semver_key(k.version) AS capability_key,
           k.status = 'enabled' AND s.status = 'active' AND s.callable AS live
         FROM capabilities k JOIN skills s ON s.id = k.skill_id
         WHERE k.name = $1 AND ($2::text[] IS NULL OR s.space_id = ANY($2))
           AND ($3::boolean OR s.owner = ANY($4::text[]) OR s.space_id = ANY($5::text[]))),
       best AS MATERIALIZED (
         SELECT f.id, row_number() OVER (ORDER BY f.live DESC, f.deprecated, cardinality(f.capability_key) = 3 DESC, f.capability_key DESC,
           f.version_key DESC, f.created_at, f.id) AS place
         FROM found f WHERE f.is_release OR NOT EXISTS (SELECT FROM found WHERE is_release) ORDER BY place LIMIT ${MAX_SKILLS})
       SELECT ${COLUMNS} FROM best JOIN skills s ON s.id = best.id LEFT JOIN ${CAPABILITY_BY_NAME} c ON true ORDER BY best.place`,
      [name, spaces ?? null, trustsAll, trustedOwners, trustedSpaces],
    );
  }
}
