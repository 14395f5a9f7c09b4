import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { writeJson } from '#common';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';
import { commandKey, SET_TRIES, TRY_FIELDS } from '../executions/executions.repository.js';
import type { RecordedTries } from '../executions/try-log.js';
import { CLAIM_CALLS } from './claim-calls.sql.js';
import { type Claimed, readClaim, type ClaimRow } from './claimed.js';
import { countBusy } from './fair-share.sql.js';
import { type NewQueuedCall, type QueuedCall, restoreRequest } from './queued-call.js';

type StoredCall = Omit<QueuedCall, 'request'> & { request: string };

const BEFORE_ALL = { client_id: '', skill_id: '00000000-0000-0000-0000-000000000000' };

/** Whether `e` is a failed synchronous execution that reached no Skill: the same request may then try again. */
const canStartOver = (asked: string): string =>
  `e.status = 'failed' AND NOT e.sent AND e.mode = 'sync' AND e.request_hash = ${asked}.request_hash`;

/** A claim of a call. It holds while `attempts` is the one in the database: no other replica has claimed the call since. */
export type Hold = Pick<QueuedCall, 'id' | 'attempts'>;

/** A call that will be tried again later. */
export interface PostponedCall extends Hold, RecordedTries {
  /** Milliseconds until then. */
  delay: number;
  sent: boolean;
  /** JSON text. */
  error: string | null;
}

/** The queue of asynchronous calls: executions that are pending, or that run under a lease. */
@Injectable()
export class CallQueueRepository {
  /** The next claim starts its search after this client and Skill. */
  private after: Pick<QueuedCall, 'client_id' | 'skill_id'> = BEFORE_ALL;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Adds calls to the queue. Returns the ids of the executions by `commandKey`, without the calls that the client has made
   * already. A failed synchronous execution that reached no Skill starts over with its id.
   */
  async add(calls: readonly NewQueuedCall[], tx?: Transaction): Promise<Map<string, string>> {
    const rows = calls.map(({ request: _, callbackUrl, ...call }, place) => ({
      ...call,
      callback_url: callbackUrl ?? null,
      place: place + 1,
    }));
    const added = await (tx ?? this.dataSource).query<Pick<NewQueuedCall, 'id' | 'client_id' | 'command_id'>[]>(
      `WITH x AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(place integer, id uuid, client_id text,
           command_id text, request_hash text, skill_id uuid, skill_external_id text, skill_name text, skill_version text,
           capability_id uuid, capability_external_id text, capability_name text, space_id text, channel_id uuid, timeout_ms integer, trace_id text, callback_url text)),
         added AS (INSERT INTO executions AS e (id, client_id, command_id, request_hash, mode, status, skill_id,
             skill_external_id, skill_name, skill_version, capability_id, capability_external_id, capability_name, space_id, channel_id, timeout_ms, trace_id, request,
             next_attempt_at)
           SELECT x.id, x.client_id, x.command_id, x.request_hash, 'async', 'pending', x.skill_id,
             x.skill_external_id, x.skill_name, x.skill_version, x.capability_id, x.capability_external_id, x.capability_name, x.space_id, x.channel_id, x.timeout_ms, x.trace_id,
             ($2::text[])[x.place]::json, now()
           FROM x ORDER BY x.client_id, x.command_id
           ON CONFLICT (client_id, command_id) DO UPDATE SET mode = 'async', status = 'pending',
             request = EXCLUDED.request, next_attempt_at = now(), started_at = NULL, completed_at = NULL, error = NULL,
             trace_id = EXCLUDED.trace_id, created_at = now(), updated_at = now()
             WHERE ${canStartOver('EXCLUDED')}
           RETURNING e.id, e.client_id, e.command_id),
         called_back AS (INSERT INTO callbacks (execution_id, url)
           SELECT a.id, x.callback_url FROM added a JOIN x USING (client_id, command_id)
           WHERE x.callback_url IS NOT NULL)
       SELECT id, client_id, command_id FROM added`,
      [JSON.stringify(rows), calls.map(({ request }) => writeJson(request))],
    );
    return new Map(added.map((row) => [commandKey(row), row.id]));
  }

  /** Returns those of the calls that `add` would not add. */
  findExisting(
    tx: Transaction,
    calls: readonly NewQueuedCall[],
  ): Promise<Pick<NewQueuedCall, 'client_id' | 'command_id'>[]> {
    return tx.query(
      `SELECT e.client_id, e.command_id FROM executions e
       JOIN unnest($1::text[], $2::text[], $3::text[]) AS x(client_id, command_id, request_hash) USING (client_id, command_id)
       WHERE NOT (${canStartOver('x')})`,
      [
        calls.map(({ client_id }) => client_id),
        calls.map(({ command_id }) => command_id),
        calls.map(({ request_hash }) => request_hash),
      ],
    );
  }

  /**
   * Claims calls for `leaseMs` milliseconds: those that are due, and those whose lease has run out. `limit` is the number of
   * free places; no client and no Skill gets all of them (`fairShare`). `working`: the calls that this replica makes now.
   */
  async claim(limit: number, leaseMs: number, working: Iterable<QueuedCall>): Promise<Claimed<QueuedCall>> {
    const busy = countBusy(working, ({ client_id, skill_id }) => ({ client_id, target: skill_id }));
    const rows = await this.dataSource.query<ClaimRow<StoredCall>[]>(CLAIM_CALLS, [
      limit,
      leaseMs,
      JSON.stringify(busy),
      this.after.client_id,
      this.after.skill_id,
    ]);
    const { items, ...rest } = readClaim(rows);
    // Nothing was claimed: start again from the first client.
    this.after = items.at(-1) ?? BEFORE_ALL;
    return { items: items.map((call) => ({ ...call, request: restoreRequest(call.request) })), ...rest };
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
   * Gives claimed calls back: they are due at once, and the attempt does not count against the limit. `attempts` stays, so
   * that the claim no longer holds.
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

  /** Ignores calls whose claim no longer holds. */
  async postpone(calls: readonly PostponedCall[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE executions e SET status = 'pending', next_attempt_at = now() + x.delay * interval '1 millisecond',
         running_until = NULL, ${SET_TRIES}, sent = e.sent OR x.sent,
         error = x.error::json, updated_at = now()
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, attempts integer, delay integer, ${TRY_FIELDS},
         sent boolean, error text)
       WHERE e.id = x.id AND e.attempts = x.attempts AND e.status = 'running'`,
      [JSON.stringify(calls)],
    );
  }
}

function toColumns(holds: readonly Hold[]): [string[], number[]] {
  return [holds.map(({ id }) => id), holds.map(({ attempts }) => attempts)];
}
