import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** The id of a Skill that is gone: until `heldUntil`, only its former owner may register under it. */
@Entity('freed_skill_ids')
@Index('ix_freed_skill_ids_name', ['name'])
@Index('ix_freed_skill_ids_held_until', ['heldUntil'])
export class FreedSkillIdEntity {
  @PrimaryColumn({ name: 'skill_id', type: 'uuid', primaryKeyConstraintName: 'pk_freed_skill_ids' })
  skillId: string;

  /** That the Skill had: the ids go with the name when that is transferred or freed. */
  @Column({ type: 'varchar', length: 255 })
  name: string;

  @Column({ type: 'varchar', length: 255 })
  owner: string;

  @Column({ name: 'held_until', type: 'timestamptz' })
  heldUntil: Date;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
