import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';
import { commandKey } from '../executions/executions.repository.js';
import { CLAIM_CALLS } from './claim-calls.sql.js';
import { type Claimed, readClaim, type ClaimRow } from './claimed.js';
import { countBusy } from './fair-share.sql.js';
import type { NewQueuedCall, QueuedCall } from './queued-call.js';

const BEFORE_ALL = { client_id: '', skill_id: '00000000-0000-0000-0000-000000000000' };

/** Whether an execution `e` was made in place and reached no Skill, so that the same request makes it anew. */
const isMadeAnew = (asked: string): string =>
  `e.status = 'failed' AND NOT e.sent AND e.mode = 'sync' AND e.request_hash = ${asked}.request_hash`;

/** Who holds a call: of two replicas that think so, the one whose attempt it is. */
export type Hold = Pick<QueuedCall, 'id' | 'attempts'>;

/** A call that is tried again later. */
export interface PostponedCall extends Hold {
  /** Milliseconds. */
  delay: number;
  endpoint_id: string | null;
  endpoint_url: string | null;
  tries: number;
  sent: boolean;
  /** JSON text. */
  error: string | null;
}

/** The queue of asynchronous calls: executions that are pending, or running under a lease. */
@Injectable()
export class CallQueueRepository {
  /** The client and the Skill behind which the next claim begins to look. */
  private after: Pick<QueuedCall, 'client_id' | 'skill_id'> = BEFORE_ALL;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Takes the names of calls, and puts them into the queue. Returns the ids of those that are to be made, by name; the
   * others were made already. One that was made in place, and reached no Skill, is made anew under its id.
   */
  async add(calls: readonly NewQueuedCall[], tx?: Transaction): Promise<Map<string, string>> {
    const rows = calls.map(({ request: _, callbackUrl, ...call }, place) => ({
      ...call,
      callback_url: callbackUrl ?? null,
      place: place + 1,
    }));
    const added = await (tx ?? this.dataSource).query<Pick<NewQueuedCall, 'id' | 'client_id' | 'command_id'>[]>(
      `WITH x AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(place integer, id uuid, client_id text,
           command_id text, request_hash text, skill_id uuid, skill_name text, skill_version text, capability_id uuid,
           capability_name text, space_id text, channel_id uuid, timeout_ms integer, trace_id text, callback_url text)),
         added AS (INSERT INTO executions AS e (id, client_id, command_id, request_hash, mode, status, skill_id, skill_name,
             skill_version, capability_id, capability_name, space_id, channel_id, timeout_ms, trace_id, request,
             next_attempt_at)
           SELECT x.id, x.client_id, x.command_id, x.request_hash, 'async', 'pending', x.skill_id, x.skill_name,
             x.skill_version, x.capability_id, x.capability_name, x.space_id, x.channel_id, x.timeout_ms, x.trace_id,
             ($2::text[])[x.place]::json, now()
           FROM x ORDER BY x.client_id, x.command_id
           ON CONFLICT (client_id, command_id) DO UPDATE SET mode = 'async', status = 'pending',
             request = EXCLUDED.request, next_attempt_at = now(), started_at = NULL, completed_at = NULL, error = NULL,
             trace_id = EXCLUDED.trace_id, created_at = now(), updated_at = now()
             WHERE ${isMadeAnew('EXCLUDED')}
           RETURNING e.id, e.client_id, e.command_id),
         called_back AS (INSERT INTO callbacks (execution_id, url)
           SELECT a.id, x.callback_url FROM added a JOIN x USING (client_id, command_id)
           WHERE x.callback_url IS NOT NULL)
       SELECT id, client_id, command_id FROM added`,
      [JSON.stringify(rows), calls.map(({ request }) => JSON.stringify(request))],
    );
    return new Map(added.map((row) => [commandKey(row), row.id]));
  }

  /** Those of these calls that `add` leaves as they are. */
  made(tx: Transaction, calls: readonly NewQueuedCall[]): Promise<Pick<NewQueuedCall, 'client_id' | 'command_id'>[]> {
    return tx.query(
      `SELECT e.client_id, e.command_id FROM executions e
       JOIN unnest($1::text[], $2::text[], $3::text[]) AS x(client_id, command_id, request_hash) USING (client_id, command_id)
       WHERE NOT (${isMadeAnew('x')})`,
      [
        calls.map(({ client_id }) => client_id),
        calls.map(({ command_id }) => command_id),
        calls.map(({ request_hash }) => request_hash),
      ],
    );
  }

  /**
   * Takes calls for `leaseMs` milliseconds: those that are due, and those whose replica died. `limit` are the places that
   * are left beside what is under way: no client, and no Skill, is given all of them (`fairShare`).
   */
  async claim(limit: number, leaseMs: number, working: Iterable<QueuedCall>): Promise<Claimed<QueuedCall>> {
    const busy = countBusy(working, ({ client_id, skill_id }) => ({ client_id, target: skill_id }));
    const rows = await this.dataSource.query<ClaimRow<QueuedCall>[]>(CLAIM_CALLS, [
      ...[limit, leaseMs, JSON.stringify(busy)],
      ...[this.after.client_id, this.after.skill_id],
    ]);
    const claimed = readClaim(rows);
    // From the first one again when there was nothing to take behind the last one.
    this.after = claimed.items.at(-1) ?? BEFORE_ALL;
    return claimed;
  }

  async renew(holds: readonly Hold[], leaseMs: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE executions e SET running_until = now() + $3 * interval '1 millisecond'
       FROM unnest($1::uuid[], $2::integer[]) AS x(id, attempts)
       WHERE e.id = x.id AND e.attempts = x.attempts AND e.status = 'running'`,
      [...toColumns(holds), leaseMs],
    );
  }

  /**
   * Gives back calls that were not made to their end: they are due at once, and the attempt does not count. Its number
   * does not come again, so that who gave a call back holds it no more.
   */
  async release(holds: readonly Hold[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE executions e SET status = 'pending', next_attempt_at = now(), running_until = NULL,
         releases = e.releases + 1, updated_at = now()
       FROM unnest($1::uuid[], $2::integer[]) AS x(id, attempts)
       WHERE e.id = x.id AND e.attempts = x.attempts AND e.status = 'running'`,
      toColumns(holds),
    );
  }

  /** Those that somebody else holds meanwhile, or has finished, stay as they are. */
  async postpone(calls: readonly PostponedCall[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE executions e SET status = 'pending', next_attempt_at = now() + x.delay * interval '1 millisecond',
         running_until = NULL, endpoint_id = COALESCE(x.endpoint_id, e.endpoint_id),
         endpoint_url = COALESCE(x.endpoint_url, e.endpoint_url), tries = e.tries + x.tries, sent = e.sent OR x.sent,
         error = x.error::json, updated_at = now()
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, attempts integer, delay integer, endpoint_id uuid,
         endpoint_url text, tries integer, sent boolean, error text)
       WHERE e.id = x.id AND e.attempts = x.attempts AND e.status = 'running'`,
      [JSON.stringify(calls)],
    );
  }
}

function toColumns(holds: readonly Hold[]): [string[], number[]] {
  return [holds.map(({ id }) => id), holds.map(({ attempts }) => attempts)];
}
