import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index } from 'typeorm';

export const REVOCATION_KINDS = ['token', 'session', 'client', 'api_key'] as const;
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** A revoked credential, until it would have expired by itself. */
@Entity('revocations')
@Check('ck_revocations_kind', `kind IN ('token', 'session', 'client', 'api_key')`)
@Index('ix_revocations_created_at', ['createdAt'])
@Index('ix_revocations_expires_at', ['expiresAt'])
export class RevocationEntity extends TimestampedEntity {
  @Column({ type: 'varchar', length: 16 })
  kind: RevocationKind;

  /** A token's `jti`, a session's id, a `client_id`, or a key's id. */
  @Column({ type: 'varchar', length: 255 })
  subject: string;

  /** For a client or a key: credentials with an older version are refused; null: all are. */
  @Column({ name: 'min_version', type: 'integer', nullable: true })
  minVersion: number | null;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}
