import { TimestampedEntity } from '#database';
import { CapabilityEntity, EndpointEntity, SkillEntity } from '#skills';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, type Relation, Unique } from 'typeorm';

export const CHANNEL_STATUSES = ['open', 'closed', 'error'] as const;
export type ChannelStatus = (typeof CHANNEL_STATUSES)[number];

/** A conversation between an agent and one capability (AI Bridge v0.6.0, data model: channels). */
@Entity('channels')
@Check('ck_channels_status', `status IN ('open', 'closed', 'error')`)
@Check('ck_channels_metadata', `jsonb_typeof(metadata) = 'object'`)
@Check('ck_channels_context_keys', 'context_keys >= 0 AND context_keys <= 100')
@Check('ck_channels_closed_at', `(status = 'open') = (closed_at IS NULL)`)
@Index('ix_channels_client', ['clientId', 'createdAt', 'id'])
@Index('ix_channels_created_at', ['createdAt', 'id'])
@Index('ix_channels_open', ['expiryTime'], { where: `status = 'open'` })
@Index('ix_channels_closed_at', ['closedAt'], { where: `status <> 'open'` })
export class ChannelEntity extends TimestampedEntity {
  /** Null: the Skill has left, and the channel waits for its return (`AwayChannelEntity`). */
  @Index('ix_channels_skill')
  @Column({ name: 'skill_id', type: 'uuid', nullable: true })
  skillId: string | null;

  @ManyToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_channels_skill' })
  skill?: Relation<SkillEntity> | null;

  @Index('ix_channels_capability')
  @Column({ name: 'capability_id', type: 'uuid', nullable: true })
  capabilityId: string | null;

  @ManyToOne(() => CapabilityEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'capability_id', foreignKeyConstraintName: 'fk_channels_capability' })
  capability?: Relation<CapabilityEntity> | null;

  /** The client that created it. */
  @Column({ name: 'client_id', type: 'varchar', length: 255 })
  clientId: string;

  /** The endpoint that was called last, and is preferred; null if there is none, or it was deleted. */
  @Index('ix_channels_endpoint')
  @Column({ name: 'endpoint_id', type: 'uuid', nullable: true })
  endpointId: string | null;

  @ManyToOne(() => EndpointEntity, { onDelete: 'SET NULL' })
  @JoinColumn({ name: 'endpoint_id', foreignKeyConstraintName: 'fk_channels_endpoint' })
  endpoint?: Relation<EndpointEntity> | null;

  @Column({ type: 'jsonb', default: {} })
  metadata: Record<string, string>;

  /** The number of keys in the context. A check constraint on it bounds the context. */
  @Column({ name: 'context_keys', type: 'integer', default: 0 })
  contextKeys: number;

  /** May still say `open` after `expiry_time`, until the expiry job runs: reads must treat it as closed. */
  @Index('ix_channels_status')
  @Column({ type: 'varchar', length: 16, default: 'open' })
  status: ChannelStatus;

  @Index('ix_channels_expiry_time')
  @Column({ name: 'expiry_time', type: 'timestamptz' })
  expiryTime: Date;

  /** When it was closed or expired. */
  @Column({ name: 'closed_at', type: 'timestamptz', nullable: true })
  closedAt: Date | null;
}

/** One key of a channel's context. */
@Entity('channel_contexts')
@Unique('uq_channel_contexts_key', ['channelId', 'key'])
export class ChannelContextEntity extends TimestampedEntity {
  @Column({ name: 'channel_id', type: 'uuid' })
  channelId: string;

  @ManyToOne(() => ChannelEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'channel_id', foreignKeyConstraintName: 'fk_channel_contexts_channel' })
  channel?: Relation<ChannelEntity>;

  @Column({ type: 'varchar', length: 64 })
  key: string;

  /** A text, or another value as JSON text. */
  @Column({ type: 'varchar', length: 1024 })
  value: string;

  /** Equal to `value` if that is JSON text. Otherwise `value` is a text: the release before writes only texts (docs/adr/0052). */
  @Column({ name: 'value_json', type: 'varchar', length: 1024, nullable: true })
  valueJson: string | null;
}
