import {
  CreateDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
  UpdateDateColumn,
} from 'typeorm';
import { SkillNameEntity } from './skill-name.entity.js';

/** Another client that may register Skills under a name. */
@Entity('skill_name_shares')
export class SkillNameShareEntity {
  @PrimaryColumn({ type: 'varchar', length: 255, primaryKeyConstraintName: 'pk_skill_name_shares' })
  name: string;

  @PrimaryColumn({
    name: 'client_id',
    type: 'varchar',
    length: 255,
    primaryKeyConstraintName: 'pk_skill_name_shares',
  })
  clientId: string;

  @ManyToOne(() => SkillNameEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'name', foreignKeyConstraintName: 'fk_skill_name_shares_name' })
  skillName?: Relation<SkillNameEntity>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
