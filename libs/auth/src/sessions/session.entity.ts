import { TimestampedEntity } from '#database';
import { Column, Entity, Index, JoinColumn, ManyToOne, type Relation } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';

/** A family of refresh tokens, if there is no Redis: only its newest token is valid (RFC 9700 section 4.14). */
@Entity('sessions')
@Index('ix_sessions_client', ['clientUuid', 'expiresAt'])
@Index('ix_sessions_expires_at', ['expiresAt'])
export class SessionEntity extends TimestampedEntity {
  @Column({ name: 'client_uuid', type: 'uuid' })
  clientUuid: string;

  @ManyToOne(() => ClientEntity, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'client_uuid', foreignKeyConstraintName: 'fk_sessions_client' })
  client?: Relation<ClientEntity>;

  /** `token_version` of the client when the session began. */
  @Column({ name: 'client_version', type: 'integer' })
  clientVersion: number;

  /** SHA-256 of the newest refresh token, in hexadecimal. */
  @Column({ name: 'token_hash', type: 'char', length: 64 })
  tokenHash: string;

  /** SHA-256 of the refresh token before; the pair that its use gave, sealed with it; and until when that is given again. */
  @Column({ name: 'previous_hash', type: 'char', length: 64, nullable: true })
  previousHash: string | null;

  @Column({ name: 'sealed_pair', type: 'text', nullable: true })
  sealedPair: string | null;

  @Column({ name: 'grace_until', type: 'timestamptz', nullable: true })
  graceUntil: Date | null;

  @Column({ type: 'varchar', length: 1024 })
  scope: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}
