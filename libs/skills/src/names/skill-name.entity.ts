import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** The owner of a name, in the whole registry. */
@Entity('skill_names')
export class SkillNameEntity {
  @PrimaryColumn({ type: 'varchar', length: 255, primaryKeyConstraintName: 'pk_skill_names' })
  name: string;

  /** The client that may register Skills under it. */
  @Column({ type: 'varchar', length: 255 })
  owner: string;

  /** Until then the owner keeps a name without Skills. A name that Skills have is never free. */
  @Column({ name: 'held_until', type: 'timestamptz', default: () => 'now()' })
  heldUntil: Date;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
