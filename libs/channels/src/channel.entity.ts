import { TimestampedEntity } from '#database';
import { CapabilityEntity, SkillEntity } from '#skills';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, OneToMany, type Relation, Unique } from 'typeorm';

export const CHANNEL_STATUSES = ['open', 'closed', 'error'] as const;
export type ChannelStatus = (typeof CHANNEL_STATUSES)[number];

/** A conversation between an agent and one capability (AI Bridge v0.6.0, data model: channels). */
@Entity('channels')
@Check('ck_channels_status', `status IN ('open', 'closed', 'error')`)
export class ChannelEntity extends TimestampedEntity {
  @Index('ix_channels_skill')
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @ManyToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_channels_skill' })
  skill?: Relation<SkillEntity>;

  @Index('ix_channels_capability')
  @Column({ name: 'capability_id', type: 'uuid' })
  capabilityId: string;

  @ManyToOne(() => CapabilityEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'capability_id', foreignKeyConstraintName: 'fk_channels_capability' })
  capability?: Relation<CapabilityEntity>;

  @Index('ix_channels_status')
  @Column({ type: 'varchar', length: 16, default: 'open' })
  status: ChannelStatus;

  @Index('ix_channels_expiry_time')
  @Column({ name: 'expiry_time', type: 'timestamptz' })
  expiryTime: Date;

  @OneToMany(() => ChannelContextEntity, (context) => context.channel)
  contexts?: Relation<ChannelContextEntity>[];
}

/** One key of a channel's context. */
@Entity('channel_contexts')
@Unique('uq_channel_contexts_key', ['channelId', 'key'])
export class ChannelContextEntity extends TimestampedEntity {
  @Column({ name: 'channel_id', type: 'uuid' })
  channelId: string;

  @ManyToOne(() => ChannelEntity, (channel) => channel.contexts, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'channel_id', foreignKeyConstraintName: 'fk_channel_contexts_channel' })
  channel?: Relation<ChannelEntity>;

  @Column({ type: 'varchar', length: 64 })
  key: string;

  @Column({ type: 'varchar', length: 1024 })
  value: string;
}
