import { TimestampedEntity } from '#database';
import { Column, Entity, Index, JoinColumn, ManyToOne, type Relation, Unique } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import type { Permission } from '../roles.js';

/** A long-lived key of a client, for `X-API-Key`. */
@Entity('api_keys')
@Unique('uq_api_keys_key_hash', ['keyHash'])
@Index('ix_api_keys_client', ['clientUuid', 'createdAt'])
export class ApiKeyEntity extends TimestampedEntity {
  @Column({ name: 'client_uuid', type: 'uuid' })
  clientUuid: string;

  @ManyToOne(() => ClientEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'client_uuid', foreignKeyConstraintName: 'fk_api_keys_client' })
  client?: Relation<ClientEntity>;

  @Column({ type: 'varchar', length: 255 })
  name: string;

  /** The first characters, so that people can tell keys apart. */
  @Column({ type: 'varchar', length: 16 })
  prefix: string;

  /** SHA-256 in hexadecimal; the key holds 256 random bits, so that no slow hash is needed. */
  @Column({ name: 'key_hash', type: 'char', length: 64 })
  keyHash: string;

  /** Limits its permissions; null: those of its client. */
  @Column({ type: 'varchar', length: 64, array: true, nullable: true })
  scopes: Permission[] | null;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  @Column({ type: 'boolean', default: false })
  disabled: boolean;

  /** Replicas read a key again if they have cached an older version; see ClientCutOff. */
  @Column({ type: 'integer', default: 0 })
  version: number;

  /** When another key replaced it; it ends after the overlap. */
  @Column({ name: 'rotated_at', type: 'timestamptz', nullable: true })
  rotatedAt: Date | null;

  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt: Date | null;
}
