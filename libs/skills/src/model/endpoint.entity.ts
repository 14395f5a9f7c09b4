import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, type Relation, Unique } from 'typeorm';
import { SkillEntity } from './skill.entity.js';

export const ENDPOINT_PROTOCOLS = ['http', 'https', 'ws', 'wss'] as const;
export type EndpointProtocol = (typeof ENDPOINT_PROTOCOLS)[number];

/** `draining`: it takes no new calls and is about to leave. A registration, or the status `active`, ends that. */
export const ENDPOINT_STATUSES = ['active', 'inactive', 'draining'] as const;
export type EndpointStatus = (typeof ENDPOINT_STATUSES)[number];

/** Health of an endpoint or a Skill (AI Bridge v0.6.0, data model: skill_status.health). */
export const HEALTHS = ['healthy', 'unhealthy', 'warning'] as const;
export type Health = (typeof HEALTHS)[number];

/** One network address of a Skill. */
@Entity('skill_endpoints')
@Check('ck_skill_endpoints_protocol', `protocol IN ('http', 'https', 'ws', 'wss')`)
@Check('ck_skill_endpoints_weight', 'weight > 0')
@Check('ck_skill_endpoints_status', `status IN ('active', 'inactive', 'draining')`)
@Check('ck_skill_endpoints_health', `health IN ('healthy', 'unhealthy', 'warning')`)
@Check('ck_skill_endpoints_scheme', `lower(split_part(url, ':', 1)) = protocol`)
@Unique('uq_skill_endpoints_url', ['skillId', 'url'])
@Index('ix_skill_endpoints_status', ['status'])
@Index('ix_skill_endpoints_protocol', ['protocol', 'skillId'])
export class EndpointEntity extends TimestampedEntity {
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @ManyToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_skill_endpoints_skill' })
  skill?: Relation<SkillEntity>;

  @Column({ type: 'varchar', length: 512 })
  url: string;

  @Column({ type: 'varchar', length: 8 })
  protocol: EndpointProtocol;

  @Column({ type: 'integer', default: 1 })
  weight: number;

  @Column({ type: 'varchar', length: 16, default: 'active' })
  status: EndpointStatus;

  /** Follows from the lease, from the reports of the member, or from probes. */
  @Column({ type: 'varchar', length: 16, default: 'healthy' })
  health: Health;
}

/** One setting of an endpoint, such as `health_path`. */
@Entity('endpoint_params')
@Check(
  'ck_endpoint_params_value',
  `char_length(value) <= CASE WHEN key = 'tls_ca' THEN 90000 WHEN secret THEN 3072 ELSE 512 END`,
)
@Check('ck_endpoint_params_type', `type IN ('string', 'number', 'boolean')`)
@Unique('uq_endpoint_params_key', ['endpointId', 'key'])
export class EndpointParamEntity extends TimestampedEntity {
  @Column({ name: 'endpoint_id', type: 'uuid' })
  endpointId: string;

  @ManyToOne(() => EndpointEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'endpoint_id', foreignKeyConstraintName: 'fk_endpoint_params_endpoint' })
  endpoint?: Relation<EndpointEntity>;

  @Column({ type: 'varchar', length: 64 })
  key: string;

  /** Encrypted if `secret` is set. */
  @Column({ type: 'text' })
  value: string;

  @Column({ type: 'boolean', default: false })
  secret: boolean;

  /** Type of the value in JSON. A secret is a string. */
  @Column({ type: 'varchar', length: 8, default: 'string' })
  type: 'string' | 'number' | 'boolean';
}
