import { Column, Entity, Index, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { SkillEntity } from './skill.entity.js';

/** The document of the free text search: see search-document.ts. */
@Entity('skill_search')
// TypeORM cannot declare a GIN index: the migration creates it.
@Index('ix_skill_search_document', { synchronize: false })
export class SkillSearchEntity {
  @PrimaryColumn({ name: 'skill_id', type: 'uuid', primaryKeyConstraintName: 'pk_skill_search' })
  skillId: string;

  @OneToOne(() => SkillEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'skill_id', foreignKeyConstraintName: 'fk_skill_search_skill' })
  skill?: Relation<SkillEntity>;

  @Column({ type: 'tsvector', select: false })
  document: string;
}
