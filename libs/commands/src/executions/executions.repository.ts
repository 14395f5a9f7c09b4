import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Fault } from '#common';
import { prepared, type Transaction } from '#database';
import { DataSource } from 'typeorm';
import { EXECUTION_COLUMNS, type ExecutionRecord } from './execution-record.js';
import type { ExecutionError, ExecutionStatus } from './execution.entity.js';
import type { EarlierTries, RecordedTries } from './try-log.js';

/** A call to record. */
export interface NewExecution {
  id: string;
  client_id: string;
  command_id: string;
  request_hash: string;
  skill_id: string;
  skill_external_id: string | null;
  skill_name: string;
  skill_version: string;
  capability_id: string;
  capability_external_id: string | null;
  capability_name: string;
  space_id: string | null;
  channel_id: string | null;
  timeout_ms: number;
  trace_id: string;
}

/** A recorded call to make. */
export interface ClaimedExecution {
  id: string;
  startedAt: Date;
  /** Of a call that starts over. */
  earlier: EarlierTries;
}

/** The outcome of a call. `result` and `error` are JSON texts. */
export interface FinishedExecution extends RecordedTries {
  id: string;
  status: Extract<ExecutionStatus, 'completed' | 'failed'>;
  sent: boolean;
  request_bytes: number;
  response_bytes: number;
  result: string | null;
  output: string | null;
  error: string | null;
  warnings: readonly Fault[] | null;
  result_kept: boolean;
}

/** Makes the callbacks of `done` (executions that have ended) due, in the same statement. */
const CALLBACKS_DUE = `due AS (UPDATE callbacks c SET next_attempt_at = now(), due_at = now(), updated_at = now()
  FROM done WHERE c.execution_id = done.id)`;

/** Milliseconds after the time-out of a call until its replica counts as dead. */
const GRACE_MS = 30_000;
const INTERRUPTED: ExecutionError = { code: 1008, message: 'Interrupted: the replica that ran it is gone' };

interface ClaimedRow extends Pick<NewExecution, 'client_id' | 'command_id'>, EarlierTries {
  id: string;
  started: number;
}

const CLAIM = prepared(
  'executions.claim',
  `INSERT INTO executions AS e (id, client_id, command_id, request_hash, mode, status, skill_id, skill_external_id,
    skill_name, skill_version, capability_id, capability_external_id, capability_name, space_id, channel_id, timeout_ms, trace_id, started_at, running_until)
  SELECT x.id, x.client_id, x.command_id, x.request_hash, 'sync', 'running', x.skill_id, x.skill_external_id,
    x.skill_name, x.skill_version, x.capability_id, x.capability_external_id, x.capability_name, x.space_id, x.channel_id, x.timeout_ms, x.trace_id, now(),
    now() + (x.timeout_ms + ${GRACE_MS}) * interval '1 millisecond'
  FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, client_id text, command_id text, request_hash text, skill_id uuid,
    skill_external_id text, skill_name text, skill_version text, capability_id uuid, capability_external_id text,
    capability_name text, space_id text, channel_id uuid,
    timeout_ms integer, trace_id text), set_config('synchronous_commit', 'off', true) AS waits
  WHERE waits IS NOT NULL ORDER BY x.client_id, x.command_id
  ON CONFLICT (client_id, command_id) DO UPDATE SET status = 'running', started_at = now(), completed_at = NULL,
    running_until = EXCLUDED.running_until, error = NULL, trace_id = EXCLUDED.trace_id, updated_at = now()
    WHERE e.status = 'failed' AND NOT e.sent AND e.mode = 'sync' AND e.request_hash = EXCLUDED.request_hash
  RETURNING id, client_id, command_id, ${toMilliseconds('started_at')} AS started, e.tries, e.try_list`,
);

/** Sets the tries of an execution `e` from `x`; null in `x` changes nothing. */
export const SET_TRIES = ['endpoint_id', 'endpoint_url', 'tries', 'try_list']
  .map((column) => `${column} = COALESCE(x.${column}, e.${column})`)
  .join(', ');
/** The columns of `x`. */
export const TRY_FIELDS = 'endpoint_id uuid, endpoint_url text, tries integer, try_list json';

const FINISH = prepared(
  'executions.finish',
  `WITH done AS (UPDATE executions e SET status = x.status, ${SET_TRIES}, sent = e.sent OR x.sent, request_bytes = x.request_bytes, response_bytes = x.response_bytes,
    result = x.result::json, output = x.output, error = x.error::json, warnings = x.warnings, result_kept = x.result_kept, request = NULL,
    completed_at = now(), running_until = NULL, next_attempt_at = NULL, updated_at = now()
  FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, status text, ${TRY_FIELDS}, sent boolean, request_bytes integer, response_bytes integer, result text, output text, error text, warnings json,
    result_kept boolean)
  WHERE e.id = x.id AND e.status = 'running' RETURNING e.id, e.completed_at), ${CALLBACKS_DUE}
  SELECT id, ${toMilliseconds('completed_at')} AS completed FROM done`,
);

/** Reads and writes executions. */
@Injectable()
export class ExecutionsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Records synchronous calls. Returns the calls to make, by `commandKey`: a failed one that reached no Skill starts over with
   * its id. The others were made already, or are being made.
   * Does not wait for the disk: the outcome is written later, and waits. If PostgreSQL crashes between, the call may be made
   * again with its `command_id`, as after a lost answer.
   */
  async claim(executions: readonly NewExecution[]): Promise<Map<string, ClaimedExecution>> {
    const rows = await this.dataSource.query<ClaimedRow[]>(CLAIM, [JSON.stringify(executions)]);
    return new Map(
      rows.map(({ id, started, tries, try_list, ...row }) => [
        commandKey(row),
        { id, startedAt: new Date(started), earlier: { tries, try_list } },
      ]),
    );
  }

  /** Records outcomes. Returns the times by id, without executions that are finished or cancelled already. */
  async finish(executions: readonly FinishedExecution[]): Promise<Map<string, Date>> {
    const rows = await this.dataSource.query<{ id: string; completed: number }[]>(FINISH, [JSON.stringify(executions)]);
    return new Map(rows.map(({ id, completed }) => [id, new Date(completed)]));
  }

  /** Records tries of calls that run, or were cancelled just now. */
  async recordTries(executions: readonly ({ id: string } & RecordedTries)[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE executions e SET ${SET_TRIES}, updated_at = now()
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, ${TRY_FIELDS})
       WHERE e.id = x.id AND (e.tries < x.tries OR e.tries = x.tries AND e.status IN ('running', 'cancelled'))`,
      [JSON.stringify(executions)],
    );
  }

  /** Returns the call that a client made with this `command_id`. */
  async findByCommand(clientId: string, commandId: string): Promise<ExecutionRecord | undefined> {
    const [row] = await this.dataSource.query<ExecutionRecord[]>(
      `SELECT ${EXECUTION_COLUMNS} FROM executions e WHERE e.client_id = $1 AND e.command_id = $2`,
      [clientId, commandId],
    );
    return row;
  }

  /** Cancels an execution. Returns false if it is finished. */
  async cancel(id: string, tx: Pick<Transaction, 'query'> = this.dataSource): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      `WITH done AS (UPDATE executions SET status = 'cancelled', completed_at = now(), running_until = NULL,
           next_attempt_at = NULL, request = NULL, error = NULL, updated_at = now()
         WHERE id = $1 AND status IN ('pending', 'running') RETURNING id), ${CALLBACKS_DUE}
       SELECT id FROM done`,
      [id],
    );
    return rows.length > 0;
  }

  /** Returns those of the executions that are gone, or have a status other than these. */
  async findEnded(ids: readonly string[], statuses: readonly ExecutionStatus[]): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT x.id FROM unnest($1::uuid[]) AS x(id) LEFT JOIN executions e ON e.id = x.id
       WHERE e.status IS NULL OR e.status <> ALL($2::text[])`,
      [ids, statuses],
    );
    return rows.map(({ id }) => id);
  }

  /** Fails synchronous calls whose replica died. Returns their number. */
  async failInterrupted(limit: number): Promise<number> {
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE executions SET status = 'failed', error = $2::json, sent = true, completed_at = now(), running_until = NULL,
         updated_at = now()
       WHERE id IN (SELECT id FROM executions WHERE status = 'running' AND mode = 'sync' AND running_until < now()
         LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id`,
      [limit, JSON.stringify(INTERRUPTED)],
    );
    return rows.length;
  }

  /** Deletes executions that are older than so many seconds, finished, and have called back. Returns their number. */
  async purge(olderThan: number, limit: number): Promise<number> {
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      `DELETE FROM executions WHERE id IN (SELECT id FROM executions
         WHERE id < $1::uuid AND status NOT IN ('pending', 'running')
           AND NOT EXISTS (SELECT FROM callbacks c WHERE c.execution_id = executions.id AND (c.status = 'pending'
             OR c.status = 'dead' AND c.updated_at > now() - $3 * interval '1 second'))
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id`,
      [firstIdAt(Date.now() - olderThan * 1000), limit, olderThan],
    );
    return rows.length;
  }
}

/** A time as milliseconds since 1970: the driver takes longer to parse a timestamp than the rest of the row. */
function toMilliseconds(column: string): string {
  return `(extract(epoch FROM ${column}) * 1000)::float8`;
}

/** The lowest UUID v7 of a time in milliseconds. */
function firstIdAt(time: number): string {
  const hex = Math.max(0, time).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** A key of what is unique: client and `command_id`. */
export function commandKey({ client_id, command_id }: Pick<NewExecution, 'client_id' | 'command_id'>): string {
  return JSON.stringify([client_id, command_id]);
}
