import { Injectable } from '@nestjs/common';
import { newId } from '#common';
import type { ReservedClientId } from '#config';
import { arrayLiteral, columnsOf, prepared, type Transaction } from '#database';
import { currentTrace, startSpan } from '#logging';
import type { RequestOrigin } from '../caller.js';
import type { AuditReason, AuditResult } from './audit-entry.entity.js';
import { digest } from './digest.js';
import { summedReason } from './summed-reason.js';

/** Who did it, and from where; a `Caller` is one. */
export interface AuditActor {
  readonly clientId: string;
  readonly origin: RequestOrigin;
  /** The Spaces that it is limited to: by default, its actions concern them. */
  readonly spaces?: readonly string[] | undefined;
}

/** A job of the service itself. No client may have this name. */
export function systemActor(clientId: ReservedClientId): AuditActor {
  return { clientId, origin: { traceId: (currentTrace() ?? startSpan()).traceId, address: 'local' } };
}

export interface AuditChange {
  /** Such as `skill.register`. */
  action: string;
  /** Such as `skill:<id>`, `client:<client_id>`. */
  target: string;
  result?: AuditResult;
  /** Why it was refused, if the result is not clear by itself. */
  reason?: AuditReason;
  /** The target before and after. Only digests are stored. Leave secrets out. */
  before?: unknown;
  after?: unknown;
  /** The Spaces that it concerns; null and undefined in the list are ignored. Absent or null: the Spaces of the actor. */
  spaces?: readonly (string | null | undefined)[] | null | undefined;
}

/** An attempt that was made some time ago. */
export interface AuditAttempt extends AuditChange {
  actor: AuditActor;
  /** How many requests it stands for. Default: 1. */
  requests?: number;
  /** Milliseconds since then: times come from the clock of the database. */
  age: number;
}

const COLUMNS = 12;
const INSERT = prepared(
  'audit.record',
  `INSERT INTO audit_entries (id, actor, action, target, result, reason, before_digest, after_digest, trace_id,
     address, space_ids, created_at, updated_at)
   SELECT x.id, x.actor, x.action, x.target, x.result, x.reason, x.before_digest, x.after_digest, x.trace_id, x.address, x.space_ids::varchar[],
     now() - x.age * interval '1 millisecond', now() - x.age * interval '1 millisecond'
   FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
     $10::text[], $11::text[], $12::float8[])
     AS x(id, actor, action, target, result, reason, before_digest, after_digest, trace_id, address, space_ids, age)`,
);

/** Writes the audit log (REQ-020) in the transaction of the change: either both are stored or neither. */
@Injectable()
export class AuditLog {
  /** One statement for all entries. */
  record(tx: Transaction, actor: AuditActor, changes: readonly AuditChange[]): Promise<void> {
    return this.recordAttempts(
      tx,
      changes.map((change) => ({ ...change, actor, age: 0 })),
    );
  }

  /** The same for several actors, in one statement. */
  async recordAttempts(tx: Pick<Transaction, 'query'>, attempts: readonly AuditAttempt[]): Promise<void> {
    if (attempts.length === 0) return;
    const rows = attempts.map(({ actor, action, target, result = 'success', before, after, age, ...attempt }) => [
      newId(),
      fit(actor.clientId, 255),
      fit(action, 64),
      fit(target, 255),
      result,
      summedReason(attempt.reason, attempt.requests),
      digest(before),
      digest(after),
      fit(actor.origin.traceId, 64),
      fit(actor.origin.address, 64),
      spacesLiteral(attempt.spaces ?? actor.spaces),
      age,
    ]);
    await tx.query(INSERT, columnsOf(rows, COLUMNS));
  }
}

/** Each once; null where there is none. */
function spacesLiteral(spaces: readonly (string | null | undefined)[] = []): string | null {
  const names = [...new Set(spaces)].filter((space) => typeof space === 'string');
  return names.length === 0 ? null : arrayLiteral(names.toSorted());
}

/** Callers may claim any name, but PostgreSQL stores neither NUL nor half a surrogate pair. */
function fit(text: string, length: number): string {
  return text
    .slice(0, length)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '\ufffd');
}
