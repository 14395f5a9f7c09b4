import { newId } from '#common';
import { CreateDateColumn, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** Every table has a UUID and both times (AI Bridge v0.6.0, data model). Ids are UUID v7: they sort by creation. */
export abstract class TimestampedEntity {
  @PrimaryColumn('uuid')
  id: string = newId();

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
