import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index, Unique } from 'typeorm';
import type { Deprecation } from './deprecation.js';

export const SKILL_STATUSES = ['active', 'inactive', 'maintenance'] as const;
export type SkillStatus = (typeof SKILL_STATUSES)[number];

const NUMBER = '(0|[1-9][0-9]*)';
const IDENTIFIER = '(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)';
const BUILD = '[0-9a-zA-Z-]+';
/** Semantic Versioning 2.0.0, in SQL. */
export const VERSION_CHECK = String.raw`version ~ '^${NUMBER}\.${NUMBER}\.${NUMBER}(-${IDENTIFIER}(\.${IDENTIFIER})*)?(\+${BUILD}(\.${BUILD})*)?$'`;

/** A service that offers capabilities: one name and version (AI Bridge v0.6.0, data model: skills). */
@Entity('skills')
@Check('ck_skills_name', `btrim(name) <> ''`)
@Check('ck_skills_version', VERSION_CHECK)
@Check('ck_skills_status', `status IN ('active', 'inactive', 'maintenance')`)
@Check('ck_skills_revision', 'revision > 0')
@Unique('uq_skills_name_version', ['name', 'version'])
@Index('ix_skills_status', ['status', 'createdAt', 'id', 'callable', 'hasActive', 'hasLive'])
@Index('ix_skills_created_at', ['createdAt', 'id', 'hasLive'])
@Index('ix_skills_space', ['spaceId', 'createdAt', 'id', 'status', 'callable', 'hasActive', 'hasLive'])
@Index('ix_skills_owner', ['owner'])
@Index('ix_skills_dead', ['id'], { where: 'NOT has_live' })
// Used by the previous release. Remove it with the next migration that locks the table.
@Index('ix_skills_uncallable', ['id'], { where: 'NOT callable' })
@Index('ix_skills_undiscoverable', ['id'], { where: `NOT callable OR status <> 'active'` })
@Index('ix_skills_updated_at', ['updatedAt', 'id'])
@Index('ix_skills_version_key', ['versionKey', 'id'])
@Index('ix_skills_discovery', ['status', 'deprecated', 'createdAt', 'id', 'callable', 'hasActive'])
@Index('ix_skills_space_discovery', ['spaceId', 'deprecated', 'createdAt', 'id', 'status', 'callable', 'hasActive'])
@Index('ix_skills_deprecated', ['id'], { where: 'deprecated' })
// TypeORM cannot declare a GIN index: the migration creates it.
@Index('ix_skills_facets', { synchronize: false })
@Index('ix_skills_tags', { synchronize: false })
export class SkillEntity extends TimestampedEntity {
  /** The id that its owner chose, from which `id` is derived (docs/adr/0041). Null: the owner chose none, or a UUID. */
  @Column({ name: 'external_id', type: 'varchar', length: 64, nullable: true })
  externalId: string | null;

  @Column({ type: 'varchar', length: 255 })
  name: string;

  @Column({ type: 'varchar', length: 1024, default: '' })
  description: string;

  @Column({ type: 'varchar', length: 32 })
  version: string;

  /** Sorts and compares as versions do; a trigger sets it to `semver_key(version)`. A release has three items, a prerelease more. */
  @Column({ name: 'version_key', type: 'bigint', array: true, insert: false, update: false, select: false })
  versionKey: number[];

  @Column({ type: 'varchar', length: 16, default: 'active' })
  status: SkillStatus;

  @Column({ type: 'boolean', default: false })
  deprecated: boolean;

  /** Why, since when, and what replaces it. Null: it is not deprecated. */
  @Column({ type: 'jsonb', nullable: true })
  deprecation: Deprecation | null;

  /** The client that registered it. */
  @Column({ type: 'varchar', length: 255 })
  owner: string;

  /** The Space of the Skill. Null: it is in no Space. */
  @Column({ name: 'space_id', type: 'varchar', length: 64, nullable: true })
  spaceId: string | null;

  /** Rises with every registration. */
  @Column({ type: 'bigint', default: () => `nextval('skill_generation')` })
  generation: number;

  /** Rises with every change; together with the generation it is the ETag. */
  @Column({ type: 'integer', default: 1 })
  revision: number;

  @Column({ name: 'registered_at', type: 'timestamptz', default: () => 'now()' })
  registeredAt: Date;

  @Column({ name: 'last_heartbeat', type: 'timestamptz', nullable: true })
  lastHeartbeat: Date | null;

  /** In the order that the owner gave. */
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  tags: string[];

  /** Hashes of the values that filters compare: see facets.ts. */
  @Column({ type: 'bigint', array: true, default: () => "'{}'", select: false })
  facets: string[];

  /** Whether it has an active endpoint that is not unhealthy. Discovery returns only such Skills. */
  @Column({ type: 'boolean', default: true, select: false })
  callable: boolean;

  /** Whether it has an active endpoint, whatever its health. */
  @Column({ name: 'has_active', type: 'boolean', default: true, select: false })
  hasActive: boolean;

  /** Whether it has an endpoint that is not unhealthy, whatever its status. Lists return only such Skills. */
  @Column({ name: 'has_live', type: 'boolean', default: true, select: false })
  hasLive: boolean;
}
