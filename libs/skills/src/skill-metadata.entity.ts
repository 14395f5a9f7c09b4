import { TimestampedEntity } from '#database';
import { Column, Entity, Index, JoinColumn, ManyToOne, type Relation, Unique } from 'typeorm';
import { SkillEntity } from './skill.entity.js';

/** One key of a Skill's metadata. */
@Entity('skill_metadata')
@Unique('uq_skill_metadata_key', ['skillId', 'key'])
@Index('ix_skill_metadata_key_value', ['key', 'value', 'skillId'])
export class SkillMetadataEntity extends TimestampedEntity {
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @ManyToOne(() => SkillEntity, (skill) => skill.metadata, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_skill_metadata_skill' })
  skill?: Relation<SkillEntity>;

  @Column({ type: 'varchar', length: 64 })
  key: string;

  @Column({ type: 'varchar', length: 512 })
  value: string;
}
