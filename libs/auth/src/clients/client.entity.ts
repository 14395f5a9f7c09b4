import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Unique } from 'typeorm';
import type { Role } from '../roles.js';

/** An OAuth client: a program that gets tokens with its id and secret. */
@Entity('clients')
@Check('ck_clients_role', `role IN ('admin', 'operator', 'publisher', 'agent', 'viewer')`)
@Check('ck_clients_token_version', 'token_version > 0')
@Unique('uq_clients_client_id', ['clientId'])
export class ClientEntity extends TimestampedEntity {
  @Column({ name: 'client_id', type: 'varchar', length: 64 })
  clientId: string;

  @Column({ type: 'varchar', length: 255 })
  name: string;

  @Column({ type: 'varchar', length: 16 })
  role: Role;

  /** Argon2id, in PHC string format. */
  @Column({ name: 'secret_hash', type: 'varchar', length: 255 })
  secretHash: string;

  @Column({ type: 'boolean', default: false })
  disabled: boolean;

  /** The Spaces that it is limited to; null: all. */
  @Column({ type: 'varchar', length: 64, array: true, nullable: true })
  spaces: string[] | null;

  /** Increases with every change that makes older tokens invalid. */
  @Column({ name: 'token_version', type: 'integer', default: 1 })
  tokenVersion: number;

  /** The secret before the last rotation, while both are valid. */
  @Column({ name: 'previous_secret_hash', type: 'varchar', length: 255, nullable: true })
  previousSecretHash: string | null;

  @Column({ name: 'previous_secret_expires_at', type: 'timestamptz', nullable: true })
  previousSecretExpiresAt: Date | null;
}
