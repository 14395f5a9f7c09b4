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

/** Result of one probe, before hysteresis. */
export const PROBE_RESULTS = ['healthy', 'warning', 'unhealthy'] as const;
export type ProbeResult = (typeof PROBE_RESULTS)[number];

/** The last probe of an endpoint and the time of the next one. Mostly endpoints without a lease have a row. */
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

  /** Null: no probe is due until a client requests one. */
  @Column({ name: 'next_probe_at', type: 'timestamptz', nullable: true })
  nextProbeAt: Date | null;

  /** No other replica probes the endpoint before this time. Also identifies the claim when the result is stored. */
  @Column({ name: 'claimed_until', type: 'timestamptz', nullable: true })
  claimedUntil: Date | null;

  /** Whether a client requested the probe that is due. Such a probe also runs if the endpoint has a lease. */
  @Column({ type: 'boolean', default: false })
  requested: boolean;

  /** Failed probes in a row. */
  @Column({ type: 'integer', default: 0 })
  failures: number;

  /** Successful probes in a row. */
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
