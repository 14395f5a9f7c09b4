import { TimestampedEntity } from '#database';
import { Check, Column, Entity, JoinColumn, OneToOne, type Relation, Unique } from 'typeorm';
import type { Health } from './endpoint.entity.js';
import { SkillEntity } from './skill.entity.js';

/** Health and counters of a Skill: one row per Skill. */
@Entity('skill_status')
@Check('ck_skill_status_health', `health IN ('healthy', 'unhealthy', 'warning')`)
@Check('ck_skill_status_uptime', 'uptime >= 0')
@Check('ck_skill_status_request_count', 'request_count >= 0')
@Check('ck_skill_status_error_count', 'error_count >= 0')
@Check('ck_skill_status_cpu_usage', 'cpu_usage BETWEEN 0 AND 100')
@Check('ck_skill_status_memory_usage', 'memory_usage BETWEEN 0 AND 100')
@Unique('uq_skill_status_skill', ['skillId'])
export class SkillStatusEntity extends TimestampedEntity {
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @OneToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_skill_status_skill' })
  skill?: Relation<SkillEntity>;

  @Column({ type: 'varchar', length: 16, default: 'healthy' })
  health: Health;

  /** Seconds. */
  @Column({ type: 'bigint', default: 0 })
  uptime: number;

  @Column({ name: 'request_count', type: 'bigint', default: 0 })
  requestCount: number;

  @Column({ name: 'error_count', type: 'bigint', default: 0 })
  errorCount: number;

  /** Calls that this registry routed. */
  @Column({ name: 'routed_count', type: 'bigint', default: 0 })
  routedCount: number;

  @Column({ name: 'routed_errors', type: 'bigint', default: 0 })
  routedErrors: number;

  /** Percent. */
  @Column({ name: 'cpu_usage', type: 'real', nullable: true })
  cpuUsage: number | null;

  /** Percent. */
  @Column({ name: 'memory_usage', type: 'real', nullable: true })
  memoryUsage: number | null;

  @Column({ name: 'last_check', type: 'timestamptz', nullable: true })
  lastCheck: Date | null;
}
