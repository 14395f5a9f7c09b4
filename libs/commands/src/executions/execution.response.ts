import { ApiProperty, OmitType } from '@nestjs/swagger';
import { JsonText, keepTexts, PageResponse } from '#common';
import { CapabilityIdProperty, DEPRECATED_SCHEMAS, type Deprecated, SkillIdProperty } from '#skills';
import { MAX_UNTAKEN } from '../calls/untaken.js';
import type { NewExecution } from './executions.repository.js';
import { CALLBACK_STATUSES, type CallbackStatus } from '../callbacks/callback.entity.js';
import type { CallbackRecord, ExecutionRecord, PublicExecution } from './execution-record.js';
import { MAX_TRIES_KEPT, type Try, TRY_OUTCOMES, type TryOutcome } from './try-log.js';
import { EXECUTION_STATUSES, type ExecutionError, type ExecutionStatus } from './execution.entity.js';

class ExecutionErrorResponse implements ExecutionError {
  @ApiProperty({
    oneOf: [{ type: 'integer' }, { type: 'string' }],
    description: 'A code of the Skill, or an error code of this registry',
  })
  code: number | string;

  @ApiProperty({ example: 'Unknown city' })
  message: string;

  @ApiProperty({ required: false, description: 'Any further data of the Skill' })
  details?: unknown;
}

class UntakenResponse {
  @ApiProperty({ example: 'context.total', description: 'Path of the field in the answer of the Skill' })
  field: string;

  @ApiProperty({ example: 'must have at most 1024 characters, or null' })
  reason: string;
}

/** The outcome of a call. */
export class ExecutionResponse {
  @ApiProperty({ format: 'uuid' })
  execution_id: string;

  @ApiProperty({ example: 'cmd-20260118-0001' })
  command_id: string;

  @SkillIdProperty()
  skill_id: string;

  @CapabilityIdProperty()
  capability_id: string;

  @ApiProperty({
    required: false,
    oneOf: DEPRECATED_SCHEMAS,
    description: 'In answers to calls of a deprecated Skill: what its owner says of it, or true',
  })
  deprecated?: Deprecated;

  @ApiProperty({ enum: EXECUTION_STATUSES, enumName: 'ExecutionStatus', example: 'completed' })
  status: ExecutionStatus;

  @ApiProperty({
    nullable: true,
    oneOf: [
      { type: 'object' },
      { type: 'array', items: {} },
      { type: 'string' },
      { type: 'number' },
      { type: 'boolean' },
    ],
    description: 'The result of the Skill; null if there is none, or if it was too long to be kept (`result_kept`)',
  })
  result: JsonText | null;

  @ApiProperty({ type: String, nullable: true, description: 'Text for people to read' })
  output: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why the call failed, for people to read' })
  error: string | null;

  @ApiProperty({ type: () => ExecutionErrorResponse, nullable: true, description: 'The same for programs' })
  error_detail: ExecutionError | null;

  @ApiProperty({
    type: () => UntakenResponse,
    isArray: true,
    required: false,
    maxItems: MAX_UNTAKEN + 1,
    description: 'What of the answer of the Skill was not taken, and why; absent if all was taken',
  })
  warnings?: UntakenResponse[];

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  started_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completed_at: string | null;
}

/** The callback of an execution. */
class CallbackResponse {
  @ApiProperty({ example: 'https://agent.example.com/callbacks', description: 'Without its query' })
  url: string;

  @ApiProperty({ enum: CALLBACK_STATUSES, enumName: 'CallbackStatus', example: 'delivered' })
  status: CallbackStatus;

  @ApiProperty({ example: 1 })
  attempts: number;

  @ApiProperty({ type: String, nullable: true, example: 'the receiver answered 500' })
  last_error: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 500, description: 'HTTP status of the last answer' })
  last_status: number | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Null if the execution is not finished, or if there is no further attempt',
  })
  next_attempt_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  delivered_at: string | null;
}

class TryResponse implements Try {
  @ApiProperty({ example: 'http://localhost:8001', description: 'The endpoint' })
  endpoint: string;

  @ApiProperty({ format: 'date-time' })
  started_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null while it runs' })
  ended_at: string | null;

  @ApiProperty({
    type: String,
    enum: TRY_OUTCOMES,
    nullable: true,
    example: 'answered',
    description:
      'Null while it runs. `answered`: the Skill has answered, also with an error. `error-answer`: the endpoint cannot serve, such as 503. `unanswered`: the call ended before',
  })
  outcome: TryOutcome | null;
}

/** All that is recorded of an execution. */
export class ExecutionDetailsResponse extends ExecutionResponse {
  @ApiProperty({ example: 'weather-agent', description: 'The client that called' })
  client_id: string;

  @ApiProperty({ example: 'weather-skill' })
  skill: string;

  @ApiProperty({ example: '1.0.0' })
  skill_version: string;

  @ApiProperty({ example: 'forecast' })
  capability: string;

  @ApiProperty({ enum: ['sync', 'async'] })
  mode: 'sync' | 'async';

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  channel_id: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'http://localhost:8001',
    description: 'The endpoint that answered, or else was tried last',
  })
  endpoint_url: string | null;

  @ApiProperty({ example: 1, description: 'Number of tries' })
  try_count: number;

  @ApiProperty({
    type: () => TryResponse,
    isArray: true,
    maxItems: MAX_TRIES_KEPT,
    description: 'The newest tries, in the order in which they started',
  })
  tries: TryResponse[];

  @ApiProperty({ type: 'integer', nullable: true })
  request_bytes: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  response_bytes: number | null;

  @ApiProperty({ description: 'False if the result was too long to be kept: only the caller got it' })
  result_kept: boolean;

  @ApiProperty({ type: String, nullable: true })
  trace_id: string | null;

  @ApiProperty({ type: () => CallbackResponse, nullable: true, description: 'Null if the call has no callback' })
  callback: CallbackResponse | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

/** Without the fields that may be long. */
export class ExecutionSummaryResponse extends OmitType(ExecutionDetailsResponse, ['result', 'output'] as const) {}

export class ExecutionPageResponse extends PageResponse {
  @ApiProperty({ type: () => ExecutionSummaryResponse, isArray: true })
  executions: ExecutionSummaryResponse[];
}

/** One call of a batch: its outcome, or the error. */
export class BatchItemResponse {
  @ApiProperty({ example: 0, description: 'Index in the batch' })
  index: number;

  @ApiProperty({ type: () => ExecutionResponse, required: false })
  execution?: ExecutionResponse;

  @ApiProperty({ required: false, example: 1001, description: 'Error code of the protocol' })
  code?: number;

  @ApiProperty({ required: false, example: 'Bad parameter; parameters.city is required' })
  message?: string;
}

export class BatchResponse {
  @ApiProperty({ type: () => BatchItemResponse, isArray: true, description: 'In the order of the commands' })
  results: BatchItemResponse[];
}

/** An execution that was accepted just now. */
export function toPendingResponse(execution: NewExecution): ExecutionResponse {
  const { id, command_id, skill_id, skill_external_id, capability_id, capability_external_id } = execution;
  return {
    execution_id: id,
    command_id,
    skill_id: skill_external_id ?? skill_id,
    capability_id: capability_external_id ?? capability_id,
    status: 'pending',
    result: null,
    output: null,
    error: null,
    error_detail: null,
    started_at: null,
    completed_at: null,
  };
}

/** The body of answers and callbacks. */
export function toExecutionResponse(record: PublicExecution): ExecutionResponse {
  const { id, command_id, skill_id, capability_id, status, result, output, started_at, completed_at } = record;
  const error = record.error === null ? null : readStoredError(record.error);
  return {
    execution_id: id,
    command_id,
    skill_id,
    capability_id,
    status,
    result: result === null ? null : new JsonText(result),
    output,
    error: error && (error.message || `Error ${error.code}`),
    error_detail: error,
    ...(record.warnings && { warnings: record.warnings }),
    started_at: started_at?.toISOString() ?? null,
    completed_at: completed_at?.toISOString() ?? null,
  };
}

/** With the details as the Skill wrote them. */
function readStoredError(text: string): ExecutionError {
  return keepTexts(JSON.parse(text), text, ['details']) as ExecutionError;
}

export function toDetails(record: ExecutionRecord): ExecutionDetailsResponse {
  return {
    ...toExecutionResponse(record),
    client_id: record.client_id,
    skill: record.skill_name,
    skill_version: record.skill_version,
    capability: record.capability_name,
    mode: record.mode,
    channel_id: record.channel_id,
    endpoint_url: record.endpoint_url,
    try_count: record.tries,
    tries: toTries(record),
    request_bytes: record.request_bytes,
    response_bytes: record.response_bytes,
    result_kept: record.result_kept,
    trace_id: record.trace_id,
    callback: record.callback && toCallback(record.callback),
    created_at: record.created_at.toISOString(),
  };
}

/** A try that is open when its call has ended was cancelled with it, or nobody heard its answer. */
function toTries({ try_list, status, completed_at }: ExecutionRecord): TryResponse[] {
  const end = completed_at?.toISOString() ?? null;
  const last = status === 'cancelled' ? 'cancelled' : 'unanswered';
  return (try_list ?? []).map(({ endpoint, started_at, ended_at, outcome }) => ({
    endpoint,
    started_at,
    ended_at: ended_at ?? end,
    outcome: outcome ?? (end === null ? null : last),
  }));
}

/** Without the query of the URL, which may contain a secret. */
function toCallback({ url, next_attempt_at, delivered_at, ...callback }: CallbackRecord): CallbackResponse {
  const { origin, pathname } = new URL(url);
  return {
    url: origin + pathname,
    ...callback,
    next_attempt_at: toIsoTime(next_attempt_at),
    delivered_at: toIsoTime(delivered_at),
  };
}

function toIsoTime(text: string | null): string | null {
  return text === null ? null : new Date(text).toISOString();
}

export function toSummary(record: ExecutionRecord): ExecutionSummaryResponse {
  const { result: _result, output: _output, ...summary } = toDetails(record);
  return summary;
}
