import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** The id of a deleted Skill. Until `heldUntil`, only its former owner may register with it. */
@Entity('freed_skill_ids')
@Index('ix_freed_skill_ids_name', ['name'])
@Index('ix_freed_skill_ids_held_until', ['heldUntil'])
export class FreedSkillIdEntity {
  @PrimaryColumn({ name: 'skill_id', type: 'uuid', primaryKeyConstraintName: 'pk_freed_skill_ids' })
  skillId: string;

  /** The name of the Skill. If the name is transferred or freed, so is the id. */
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
