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
import { SkillNameEntity } from './skill-name.entity.js';

/** What a name looks like: names with the same skeleton are look-alikes. `NamesUpkeep` adds names that have no row yet. */
@Entity('skill_name_skeletons')
@Index('ix_skill_name_skeletons_skeleton', ['skeleton', 'name'])
export class SkillNameSkeletonEntity {
  @PrimaryColumn({ type: 'varchar', length: 255, primaryKeyConstraintName: 'pk_skill_name_skeletons' })
  name: string;

  @OneToOne(() => SkillNameEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'name', foreignKeyConstraintName: 'fk_skill_name_skeletons_name' })
  skillName?: Relation<SkillNameEntity>;

  @Column({ type: 'varchar', length: 255 })
  skeleton: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
