import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, type Relation, Unique } from 'typeorm';
import { SkillEntity, VERSION_CHECK } from './skill.entity.js';

export const CAPABILITY_STATUSES = ['enabled', 'disabled'] as const;
export type CapabilityStatus = (typeof CAPABILITY_STATUSES)[number];

export const PARAMETER_TYPES = ['string', 'number', 'boolean', 'object', 'array'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** One ability of a Skill. */
@Entity('capabilities')
@Check('ck_capabilities_name', `btrim(name) <> ''`)
@Check('ck_capabilities_version', VERSION_CHECK)
@Check('ck_capabilities_status', `status IN ('enabled', 'disabled')`)
@Unique('uq_capabilities_name', ['skillId', 'name'])
@Index('ix_capabilities_name', ['name', 'skillId'])
@Index('ix_capabilities_category', ['category', 'skillId'])
@Index('ix_capabilities_status', ['status'])
@Index('ix_capabilities_created_at', ['createdAt', 'id'])
@Index('uq_capabilities_external_id', ['externalId', 'skillId'], { unique: true, where: 'external_id IS NOT NULL' })
export class CapabilityEntity extends TimestampedEntity {
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @ManyToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_capabilities_skill' })
  skill?: Relation<SkillEntity>;

  /** The id that its owner chose, unique in its Skill. Null: none. */
  @Column({ name: 'external_id', type: 'varchar', length: 64, nullable: true })
  externalId: string | null;

  @Column({ type: 'varchar', length: 255 })
  name: string;

  @Column({ type: 'varchar', length: 1024, default: '' })
  description: string;

  @Column({ type: 'varchar', length: 64, nullable: true })
  category: string | null;

  @Column({ type: 'varchar', length: 32 })
  version: string;

  @Column({ type: 'varchar', length: 16, default: 'enabled' })
  status: CapabilityStatus;

  /** A JSON Schema as it was given; null if none was. */
  @Column({ name: 'input_schema', type: 'json', nullable: true })
  inputSchema: object | null;

  @Column({ name: 'output_schema', type: 'json', nullable: true })
  outputSchema: object | null;

  /** Sentences. */
  @Column({ type: 'json', nullable: true })
  examples: string[] | null;
}

/** One declared parameter of a capability. */
@Entity('capability_params')
@Check('ck_capability_params_type', `type IN ('string', 'number', 'boolean', 'object', 'array')`)
@Unique('uq_capability_params_name', ['capabilityId', 'name'])
export class CapabilityParamEntity extends TimestampedEntity {
  @Column({ name: 'capability_id', type: 'uuid' })
  capabilityId: string;

  @ManyToOne(() => CapabilityEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'capability_id', foreignKeyConstraintName: 'fk_capability_params_capability' })
  capability?: Relation<CapabilityEntity>;

  @Column({ type: 'varchar', length: 64 })
  name: string;

  @Column({ type: 'varchar', length: 16 })
  type: ParameterType;

  @Column({ type: 'boolean', default: false })
  required: boolean;

  /** As JSON text. */
  @Column({ name: 'default_value', type: 'varchar', length: 512, nullable: true })
  defaultValue: string | null;

  @Column({ type: 'varchar', length: 255, default: '' })
  description: string;

  /** What it declares besides: an object that is not empty. Its `type` wins over the column. */
  @Column({ type: 'json', nullable: true })
  rules: object | null;
}
