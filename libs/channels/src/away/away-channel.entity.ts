import {
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
import { ChannelEntity } from '../channel.entity.js';

/** What a channel had, whose Skill has left: by this it is found when the Skill returns. */
@Entity('away_channels')
@Index('ix_away_channels_skill', ['skillName', 'skillVersion'])
export class AwayChannelEntity {
  @PrimaryColumn({ name: 'channel_id', type: 'uuid', primaryKeyConstraintName: 'pk_away_channels' })
  channelId: string;

  @OneToOne(() => ChannelEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'channel_id', foreignKeyConstraintName: 'fk_away_channels_channel' })
  channel?: Relation<ChannelEntity>;

  /** Not a foreign key: the Skill is gone. */
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @Column({ name: 'capability_id', type: 'uuid' })
  capabilityId: string;

  @Column({ name: 'skill_external_id', type: 'varchar', length: 64, nullable: true })
  skillExternalId: string | null;

  @Column({ name: 'capability_external_id', type: 'varchar', length: 64, nullable: true })
  capabilityExternalId: string | null;

  @Column({ name: 'skill_name', type: 'varchar', length: 255 })
  skillName: string;

  @Column({ name: 'skill_version', type: 'varchar', length: 255 })
  skillVersion: string;

  @Column({ type: 'varchar', length: 255 })
  owner: string;

  @Column({ name: 'space_id', type: 'varchar', length: 64, nullable: true })
  spaceId: string | null;

  @Column({ name: 'capability_name', type: 'varchar', length: 255 })
  capabilityName: string;

  /** When the channel expires if the Skill returns. */
  @Column({ name: 'expiry_time', type: 'timestamptz' })
  expiryTime: Date;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
