import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index } from 'typeorm';

export type SkillEvent = 'registered' | 'updated' | 'status_changed' | 'unregistered';

/** History: what happened to a Skill. It stays when the Skill goes. */
@Entity('skill_events')
@Check('ck_skill_events_event', `event IN ('registered', 'updated', 'status_changed', 'unregistered')`)
@Index('ix_skill_events_skill', ['skillId', 'createdAt'])
@Index('ix_skill_events_created_at', ['createdAt'])
export class SkillEventEntity extends TimestampedEntity {
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @Column({ type: 'varchar', length: 255 })
  name: string;

  @Column({ type: 'varchar', length: 32 })
  version: string;

  @Column({ type: 'varchar', length: 32 })
  event: SkillEvent;

  /** The client that did it. */
  @Column({ type: 'varchar', length: 255 })
  actor: string;

  @Column({ name: 'registered_at', type: 'timestamptz' })
  registeredAt: Date;

  @Column({ name: 'unregistered_at', type: 'timestamptz', nullable: true })
  unregisteredAt: Date | null;
}
