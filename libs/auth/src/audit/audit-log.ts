import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';
import { v7 as uuidv7 } from 'uuid';
import type { RequestOrigin } from '../caller.js';
import type { AuditResult } from './audit-entry.entity.js';
import { digestOf } from './canonical-json.js';

/** Who did it, and from where; a `Caller` is one. */
export interface AuditActor {
  readonly clientId: string;
  readonly origin: RequestOrigin;
}

export interface AuditChange {
  /** Such as `skill.register`. */
  action: string;
  /** Such as `skill:<id>`, `client:<client_id>`. */
  target: string;
  result?: AuditResult;
  /** What the target was before and after; only digests are kept. Leave secrets out. */
  before?: unknown;
  after?: unknown;
}

/** Writes the audit log (REQ-020), in the transaction of the change itself: either both are there or neither. */
@Injectable()
export class AuditLog {
  /** Many entries are one statement. */
  async record(tx: Transaction, actor: AuditActor, changes: readonly AuditChange[]): Promise<void> {
    if (changes.length === 0) return;
    const rows = changes.map(({ action, target, result = 'success', before, after }) => ({
      id: uuidv7(),
      action,
      target: target.slice(0, 255),
      result,
      before_digest: digestOf(before),
      after_digest: digestOf(after),
    }));
    await tx.query(
      `INSERT INTO audit_entries (id, actor, action, target, result, before_digest, after_digest, trace_id, address)
       SELECT x.id, $2, x.action, x.target, x.result, x.before_digest, x.after_digest, $3, $4
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, action text, target text, result text, before_digest text,
         after_digest text)`,
      [JSON.stringify(rows), actor.clientId.slice(0, 255), actor.origin.traceId, actor.origin.address],
    );
  }
}
