import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  OneToOne,
  PrimaryColumn,
  type Relation,
  UpdateDateColumn,
} from 'typeorm';
import { EndpointEntity } from './endpoint.entity.js';

/** What a probe found, before hysteresis. */
export const PROBE_RESULTS = ['healthy', 'warning', 'unhealthy'] as const;
export type ProbeResult = (typeof PROBE_RESULTS)[number];

/** The last probe of an endpoint, and when the next one is due. Endpoints without a lease have a row, and few others. */
@Entity('endpoint_probes')
@Check('ck_endpoint_probes_failures', 'failures >= 0')
@Check('ck_endpoint_probes_successes', 'successes >= 0')
@Check('ck_endpoint_probes_last_result', `last_result IN ('healthy', 'warning', 'unhealthy')`)
@Check('ck_endpoint_probes_latency_ms', 'latency_ms >= 0')
@Index('ix_endpoint_probes_next', ['nextProbeAt'], { where: 'next_probe_at IS NOT NULL' })
export class EndpointProbeEntity {
  @PrimaryColumn({ name: 'endpoint_id', type: 'uuid', primaryKeyConstraintName: 'pk_endpoint_probes' })
  endpointId: string;

  @OneToOne(() => EndpointEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'endpoint_id', foreignKeyConstraintName: 'fk_endpoint_probes_endpoint' })
  endpoint?: Relation<EndpointEntity>;

  /** Null: when somebody asks. */
  @Column({ name: 'next_probe_at', type: 'timestamptz', nullable: true })
  nextProbeAt: Date | null;

  /** Until when the replica that probes it has it for itself; also proves that a result is that replica's. */
  @Column({ name: 'claimed_until', type: 'timestamptz', nullable: true })
  claimedUntil: Date | null;

  /** Whether somebody asked for the probe that is due: then it is done whoever holds a lease. */
  @Column({ type: 'boolean', default: false })
  requested: boolean;

  /** In a row. */
  @Column({ type: 'integer', default: 0 })
  failures: number;

  /** In a row. */
  @Column({ type: 'integer', default: 0 })
  successes: number;

  @Column({ name: 'last_result', type: 'varchar', length: 16, nullable: true })
  lastResult: ProbeResult | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  reason: string | null;

  @Column({ name: 'latency_ms', type: 'integer', nullable: true })
  latencyMs: number | null;

  @Column({ name: 'probed_at', type: 'timestamptz', nullable: true })
  probedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
