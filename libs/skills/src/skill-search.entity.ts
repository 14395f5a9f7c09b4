import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { SkillEntity } from './skill.entity.js';

/** What the free text search looks at: see search-document.ts. */
@Entity('skill_search')
export class SkillSearchEntity {
  @PrimaryColumn({ name: 'skill_id', type: 'uuid', primaryKeyConstraintName: 'pk_skill_search' })
  skillId: string;

  @OneToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_skill_search_skill' })
  skill?: Relation<SkillEntity>;

  @Column({ type: 'tsvector', select: false })
  document: string;
}
