import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';
import type { ExecutionRecord, PublicExecution } from '../executions/execution-record.js';
import type { CallbackStatus } from './callback.entity.js';
import { CLAIM_CALLBACKS } from './claim-callbacks.sql.js';
import { type Claimed, readClaim, type ClaimRow } from '../queue/claimed.js';
import { countBusy } from '../queue/fair-share.sql.js';

/** A callback that this replica delivers now, with the body to send. `id` is that of the execution. */
export interface DueCallback extends PublicExecution, Pick<ExecutionRecord, 'client_id' | 'trace_id'> {
  url: string;
  /** Host and port of the url. */
  receiver: string;
  /** Counts from 1; identifies the claim. */
  attempts: number;
  /** Failed attempts since it was due. */
  failures: number;
}

export type CallbackHold = Pick<DueCallback, 'id' | 'attempts'>;

/** The outcome of an attempt. */
export interface SettledCallback extends CallbackHold {
  verdict: 'delivered' | 'failed' | 'dead';
  /** Milliseconds until the next attempt. */
  delay: number;
  /** HTTP status of the answer; null if there was none. */
  status: number | null;
  error: string | null;
}

export interface CallbackLimits {
  /** Seconds until no further attempt is made. */
  retryFor: number;
  /** The longest result in bytes that is kept after the delivery. */
  keptBytes: number;
}

/** Callbacks. A claim is a lease: it moves `next_attempt_at` into the future. */
@Injectable()
export class CallbacksRepository {
  /** The next claim starts its search after this receiver. */
  private after = '';

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Claims due callbacks for `leaseMs` milliseconds. `limit` is the number of free places; no client and no receiver gets all of
   * them (`fairShare`). `working`: the callbacks that this replica delivers now.
   */
  async claim(limit: number, leaseMs: number, working: Iterable<DueCallback>): Promise<Claimed<DueCallback>> {
    const busy = countBusy(working, ({ client_id, receiver }) => ({ client_id, target: receiver }));
    const rows = await this.dataSource.query<ClaimRow<DueCallback>[]>(CLAIM_CALLBACKS, [
      limit,
      leaseMs,
      JSON.stringify(busy),
      this.after,
    ]);
    const claimed = readClaim(rows);
    this.after = claimed.items.at(-1)?.receiver ?? '';
    return claimed;
  }

  /** Extends claims; 0 milliseconds gives them up. */
  async renew(holds: readonly CallbackHold[], leaseMs: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE callbacks c SET next_attempt_at = now() + $3 * interval '1 millisecond'
       FROM unnest($1::uuid[], $2::integer[]) AS x(id, attempts)
       WHERE c.execution_id = x.id AND c.attempts = x.attempts AND c.status = 'pending'`,
      [holds.map(({ id }) => id), holds.map(({ attempts }) => attempts), leaseMs],
    );
  }

  /**
   * Records the outcomes of attempts. The last attempt is made at the end of `retryFor`. A long result is deleted after its
   * delivery. Returns the new statuses, without callbacks whose claim no longer holds.
   */
  settle(callbacks: readonly SettledCallback[], { retryFor, keptBytes }: CallbackLimits): Promise<SettledStatus[]> {
    return this.dataSource.query(
      `WITH x AS (SELECT x.*, c.due_at + $2 * interval '1 second' AS end_at
           FROM jsonb_to_recordset($1::jsonb)
             AS x(id uuid, attempts integer, verdict text, delay integer, status integer, error text)
           JOIN callbacks c ON c.execution_id = x.id),
         settled AS (UPDATE callbacks c SET
             status = CASE WHEN x.verdict <> 'failed' THEN x.verdict WHEN now() < x.end_at THEN 'pending' ELSE 'dead' END,
             next_attempt_at = CASE WHEN x.verdict = 'failed' AND now() < x.end_at
               THEN LEAST(now() + x.delay * interval '1 millisecond', x.end_at) END,
             failures = c.failures + (x.verdict <> 'delivered')::integer,
             delivered_at = CASE WHEN x.verdict = 'delivered' THEN now() ELSE c.delivered_at END,
             last_error = x.error, last_status = x.status, updated_at = now()
           FROM x WHERE c.execution_id = x.id AND c.attempts = x.attempts AND c.status = 'pending'
           RETURNING c.execution_id AS id, c.status),
         shortened AS (UPDATE executions e SET result = NULL, output = NULL, result_kept = false
           FROM settled s WHERE e.id = s.id AND s.status = 'delivered' AND
             COALESCE(octet_length(e.result::text), 0) + COALESCE(octet_length(e.output), 0) > $3)
       SELECT id, status FROM settled`,
      [JSON.stringify(callbacks), retryFor, keptBytes],
    );
  }

  /** Makes a dead or delivered callback due again. Returns its status before, or undefined if it was pending. */
  async redeliver(tx: Transaction, executionId: string): Promise<CallbackStatus | undefined> {
    const [rows] = await tx.query<[{ before: CallbackStatus }[], number]>(
      `UPDATE callbacks c SET status = 'pending', failures = 0, due_at = now(), next_attempt_at = now(),
         updated_at = now()
       FROM (SELECT execution_id, status FROM callbacks WHERE execution_id = $1 FOR UPDATE) before
       WHERE c.execution_id = before.execution_id AND before.status <> 'pending' RETURNING before.status AS before`,
      [executionId],
    );
    return rows[0]?.before;
  }
}

export interface SettledStatus {
  id: string;
  status: CallbackStatus;
}
