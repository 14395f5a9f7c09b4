import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, OneToOne, type Relation, Unique } from 'typeorm';
import { EndpointEntity } from './endpoint.entity.js';
import { SkillEntity } from './skill.entity.js';

/**
 * The lease of an endpoint that registered or sent a heartbeat; static endpoints have none. The lease store has
 * every heartbeat at once. This row has the last one within seconds.
 */
@Entity('endpoint_leases')
@Check('ck_endpoint_leases_uptime', 'uptime >= 0')
@Check('ck_endpoint_leases_request_count', 'request_count >= 0')
@Check('ck_endpoint_leases_error_count', 'error_count >= 0')
@Check('ck_endpoint_leases_cpu_usage', 'cpu_usage BETWEEN 0 AND 100')
@Check('ck_endpoint_leases_memory_usage', 'memory_usage BETWEEN 0 AND 100')
@Unique('uq_endpoint_leases_endpoint', ['endpointId'])
@Index('ix_endpoint_leases_skill', ['skillId'])
@Index('ix_endpoint_leases_expired_at', ['expiredAt'], { where: 'expired_at IS NOT NULL' })
export class EndpointLeaseEntity extends TimestampedEntity {
  @Column({ name: 'endpoint_id', type: 'uuid' })
  endpointId: string;

  @OneToOne(() => EndpointEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'endpoint_id', foreignKeyConstraintName: 'fk_endpoint_leases_endpoint' })
  endpoint?: Relation<EndpointEntity>;

  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @ManyToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_endpoint_leases_skill' })
  skill?: Relation<SkillEntity>;

  /** Generation of the last registration of this endpoint. Heartbeats with an older generation are refused. */
  @Column({ type: 'bigint' })
  generation: number;

  @Column({ name: 'registered_at', type: 'timestamptz', default: () => 'now()' })
  registeredAt: Date;

  @Column({ name: 'last_heartbeat', type: 'timestamptz', default: () => 'now()' })
  lastHeartbeat: Date;

  /** When the lease ended. Null: it has not ended. */
  @Column({ name: 'expired_at', type: 'timestamptz', nullable: true })
  expiredAt: Date | null;

  /** As the member reported it, with the units of skill_status. */
  @Column({ type: 'bigint', nullable: true })
  uptime: number | null;

  @Column({ name: 'request_count', type: 'bigint', nullable: true })
  requestCount: number | null;

  @Column({ name: 'error_count', type: 'bigint', nullable: true })
  errorCount: number | null;

  @Column({ name: 'cpu_usage', type: 'real', nullable: true })
  cpuUsage: number | null;

  @Column({ name: 'memory_usage', type: 'real', nullable: true })
  memoryUsage: number | null;
}
