import { TimestampedEntity } from '#database';
import { Check, Column, Entity, Index } from 'typeorm';

export const AUDIT_RESULTS = ['success', 'denied', 'failed'] as const;
export type AuditResult = (typeof AUDIT_RESULTS)[number];

/**
 * Why a request was refused: the credential has ended (`expired`, `revoked`), too many requests, too many wrong secrets, or
 * the same refusal again (`repeated`).
 */
export const AUDIT_REASONS = ['expired', 'revoked', 'rate_limit', 'wrong_secrets', 'repeated'] as const;
export type AuditReason = (typeof AUDIT_REASONS)[number];

/** Who did what to which target. A trigger prevents changes and deletion. */
@Entity('audit_entries')
@Check('ck_audit_entries_result', `result IN ('success', 'denied', 'failed')`)
@Index('ix_audit_entries_created_at', ['createdAt', 'id'])
@Index('ix_audit_entries_actor', ['actor', 'createdAt', 'id'])
@Index('ix_audit_entries_action', ['action', 'createdAt', 'id'])
@Index('ix_audit_entries_target', ['target', 'createdAt', 'id'])
@Index('ix_audit_entries_spaces', { synchronize: false })
@Index('ix_audit_entries_refused', ['result', 'createdAt', 'id'], { where: `result <> 'success'` })
export class AuditEntryEntity extends TimestampedEntity {
  /** The client's id. */
  @Column({ type: 'varchar', length: 255 })
  actor: string;

  /** Such as `skill.register`. */
  @Column({ type: 'varchar', length: 64 })
  action: string;

  /** Such as `skill:<id>`. */
  @Column({ type: 'varchar', length: 255 })
  target: string;

  @Column({ type: 'varchar', length: 16 })
  result: AuditResult;

  /** Why it was refused, and how many requests: see `reasonIn`. Null if the result is clear by itself. */
  @Column({ type: 'varchar', length: 32, nullable: true })
  reason: string | null;

  /** SHA-256 of the target before, as canonical JSON; null where there was none. */
  @Column({ name: 'before_digest', type: 'char', length: 64, nullable: true })
  beforeDigest: string | null;

  @Column({ name: 'after_digest', type: 'char', length: 64, nullable: true })
  afterDigest: string | null;

  @Column({ name: 'trace_id', type: 'varchar', length: 64 })
  traceId: string;

  @Column({ type: 'varchar', length: 64 })
  address: string;

  /** The Spaces that it concerns: a caller that sees all of them may read it; null: none, or an entry of an older release. */
  @Column({ name: 'space_ids', type: 'varchar', length: 64, array: true, nullable: true })
  spaceIds: string[] | null;
}
