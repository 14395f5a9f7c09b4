import { TimestampedEntity } from '#database';
import { Column, Entity, Index, Unique } from 'typeorm';

/** A request that was carried out under an `Idempotency-Key`, and its answer. */
@Entity('idempotency_keys')
@Unique('uq_idempotency_keys_key', ['actor', 'key'])
@Index('ix_idempotency_keys_created_at', ['createdAt'])
export class IdempotencyKeyEntity extends TimestampedEntity {
  @Column({ type: 'varchar', length: 255 })
  actor: string;

  @Column({ type: 'varchar', length: 255 })
  key: string;

  @Column({ name: 'request_hash', type: 'char', length: 64 })
  requestHash: string;

  @Column({ type: 'jsonb', nullable: true })
  response: unknown;
}
