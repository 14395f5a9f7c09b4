import { TimestampedEntity } from '#database';
import type { BlockForm } from './audit-block.js';
import { Check, Column, Entity, Index, Unique } from 'typeorm';

/** A block of the chain: its hash covers its entries and the hash of the block before. */
@Entity('audit_blocks')
@Check('ck_audit_blocks_entries', 'entries > 0')
@Unique('uq_audit_blocks_number', ['number'])
@Index('ix_audit_blocks_created_at', ['createdAt'])
export class AuditBlockEntity extends TimestampedEntity {
  /** From 1, without gaps. */
  @Column({ type: 'bigint' })
  number: number;

  @Column({ type: 'integer' })
  entries: number;

  @Column({ name: 'previous_hash', type: 'char', length: 64 })
  previousHash: string;

  @Column({ type: 'char', length: 64 })
  hash: string;

  /** What the hash covers; null: all but the Spaces of entries, as older releases seal. */
  @Column({ type: 'smallint', nullable: true })
  form: BlockForm;
}

/** The block that an entry (of the same id) is in. A table of its own: entries are never written again. */
@Entity('audit_seals')
@Index('ix_audit_seals_block', ['blockNumber', 'id'])
@Index('ix_audit_seals_created_at', ['createdAt'])
export class AuditSealEntity extends TimestampedEntity {
  @Column({ name: 'block_number', type: 'bigint' })
  blockNumber: number;
}
