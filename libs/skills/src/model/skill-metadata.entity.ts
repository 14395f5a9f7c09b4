import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, type Relation, Unique } from 'typeorm';
import { SkillEntity } from './skill.entity.js';

/** One key of a Skill's metadata. */
@Entity('skill_metadata')
@Unique('uq_skill_metadata_key', ['skillId', 'key'])
@Check('ck_skill_metadata_value', 'secret OR char_length(value) <= 512')
@Index('ix_skill_metadata_key_value', ['key', 'value', 'skillId'], { where: 'NOT secret' })
export class SkillMetadataEntity extends TimestampedEntity {
  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  @ManyToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_skill_metadata_skill' })
  skill?: Relation<SkillEntity>;

  @Column({ type: 'varchar', length: 64 })
  key: string;

  /** Encrypted if `secret` is set. */
  @Column({ type: 'varchar', length: 3072 })
  value: string;

  @Column({ type: 'boolean', default: false })
  secret: boolean;
}
