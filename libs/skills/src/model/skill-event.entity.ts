import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index } from 'typeorm';
import type { Health } from './endpoint.entity.js';

export type SkillEvent =
  'registered' | 'updated' | 'status_changed' | 'unregistered' | `endpoint_${Health}` | 'endpoint_unregistered';

/** History: what happened to a Skill. It stays when the Skill goes. */
@Entity('skill_events')
@Check(
  'ck_skill_events_event',
  `event IN ('registered', 'updated', 'status_changed', 'unregistered', 'endpoint_healthy', 'endpoint_warning',
    'endpoint_unhealthy', 'endpoint_unregistered')`,
)
@Index('ix_skill_events_skill', ['skillId', 'createdAt'])
@Index('ix_skill_events_created_at', ['createdAt'])
@Index('ix_skill_events_owner', ['owner', 'id'], { where: 'owner IS NOT NULL' })
export class SkillEventEntity extends TimestampedEntity {
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @Column({ type: 'varchar', length: 255 })
  name: string;

  @Column({ type: 'varchar', length: 32 })
  version: string;

  @Column({ type: 'varchar', length: 32 })
  event: SkillEvent;

  /** Set for events of one endpoint. */
  @Column({ name: 'endpoint_url', type: 'varchar', length: 512, nullable: true })
  endpointUrl: string | null;

  /** The client that made the change; `sweeper` for changes by the registry. */
  @Column({ type: 'varchar', length: 255 })
  actor: string;

  /** The owner of the Skill at that time. Null: written by a release that did not store it. */
  @Column({ type: 'varchar', length: 255, nullable: true })
  owner: string | null;

  @Column({ name: 'registered_at', type: 'timestamptz' })
  registeredAt: Date;

  @Column({ name: 'unregistered_at', type: 'timestamptz', nullable: true })
  unregisteredAt: Date | null;
}
