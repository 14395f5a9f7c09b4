import type { Fault } from '#common';
import type { CallbackStatus } from '../callbacks/callback.entity.js';
import { type ExecutionMode, type ExecutionStatus, FORMER_COMPLETED } from './execution.entity.js';
import type { Try } from './try-log.js';

export const UNDER_WAY: readonly ExecutionStatus[] = ['pending', 'running'];

/** The callback of an execution, with times as PostgreSQL writes them in JSON. */
export interface CallbackRecord {
  url: string;
  status: CallbackStatus;
  attempts: number;
  last_error: string | null;
  last_status: number | null;
  next_attempt_at: string | null;
  delivered_at: string | null;
}

/** An execution as it is read. */
export interface ExecutionRecord {
  id: string;
  client_id: string;
  command_id: string;
  request_hash: string;
  mode: ExecutionMode;
  status: ExecutionStatus;
  skill_id: string;
  skill_name: string;
  skill_version: string;
  capability_id: string;
  capability_name: string;
  space_id: string | null;
  channel_id: string | null;
  endpoint_url: string | null;
  tries: number;
  try_list: Try[] | null;
  request_bytes: number | null;
  response_bytes: number | null;
  /** JSON text. */
  result: string | null;
  output: string | null;
  /** JSON text of an `ExecutionError`. */
  error: string | null;
  warnings: Fault[] | null;
  result_kept: boolean;
  trace_id: string | null;
  created_at: Date;
  started_at: Date | null;
  completed_at: Date | null;
  callback: CallbackRecord | null;
}

/** Whether the execution is not finished. */
export function isUnderWay({ status }: Pick<ExecutionRecord, 'status'>): boolean {
  return UNDER_WAY.includes(status);
}

/** The fields that the caller gets. */
export type PublicExecution = Pick<
  ExecutionRecord,
  | 'id'
  | 'command_id'
  | 'skill_id'
  | 'capability_id'
  | 'status'
  | 'result'
  | 'output'
  | 'error'
  | 'warnings'
  | 'started_at'
  | 'completed_at'
>;

/** The status of an execution `e`: rows of earlier releases have the former word. */
export const STATUS_COLUMN = `CASE e.status WHEN '${FORMER_COMPLETED}' THEN 'completed' ELSE e.status END AS status`;

/** The ids of an execution `e` that the owner of the Skill chose, otherwise the UUIDs. */
export const SHOWN_IDS = `COALESCE(e.skill_external_id, e.skill_id::text) AS skill_id,
  COALESCE(e.capability_external_id, e.capability_id::text) AS capability_id`;

/** JSON as text: the driver would parse it, and change its numbers. */
export const OUTCOME_COLUMNS = 'e.result::text AS result, e.output, e.error::text AS error, e.warnings';

/** The columns of an execution `e`. */
export const EXECUTION_COLUMNS = `e.id, e.client_id, e.command_id, e.request_hash, e.mode, ${STATUS_COLUMN}, ${SHOWN_IDS},
  e.skill_name, e.skill_version, e.capability_name, e.space_id, e.channel_id, e.endpoint_url, e.tries, e.try_list,
  e.request_bytes, e.response_bytes, ${OUTCOME_COLUMNS}, e.result_kept, e.trace_id, e.created_at, e.started_at,
  e.completed_at, (SELECT json_build_object('url', c.url, 'status', c.status, 'attempts', c.attempts,
    'last_error', c.last_error, 'last_status', c.last_status, 'next_attempt_at', c.next_attempt_at,
    'delivered_at', c.delivered_at) FROM callbacks c WHERE c.execution_id = e.id) AS callback`;
