import type { Fault } from '#common';
import { TimestampedEntity } from '#database';
import type { Try } from './try-log.js';
import { Check, Column, Entity, Index, Unique } from 'typeorm';

/** AI Bridge v0.6.0, Skill interface 3.3; `cancelled` is an addition of this registry. */
export const EXECUTION_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

/** What earlier releases answer and store for `completed`. */
export const FORMER_COMPLETED = 'success';

export const EXECUTION_MODES = ['sync', 'async'] as const;
export type ExecutionMode = (typeof EXECUTION_MODES)[number];

/** An error of the Skill, or one of this registry. */
export interface ExecutionError {
  code: number | string;
  message: string;
  /** A `JsonText`, if it comes from a Skill. */
  details?: unknown;
}

/** One call of a Skill, and its outcome (AI Bridge v0.6.0, Skill interface: command execution). */
@Entity('executions')
@Check('ck_executions_mode', `mode IN ('sync', 'async')`)
@Check('ck_executions_status', `status IN ('pending', 'running', 'completed', 'success', 'failed', 'cancelled')`)
@Unique('uq_executions_command', ['clientId', 'commandId'])
@Index('ix_executions_client', ['clientId', 'id'])
@Index('ix_executions_skill', ['skillId', 'id'])
@Index('ix_executions_pending', ['nextAttemptAt'], { where: `status = 'pending'` })
@Index('ix_executions_queue', ['clientId', 'skillId', 'nextAttemptAt'], { where: `status = 'pending'` })
@Index('ix_executions_space', ['spaceId'], { where: `status = 'pending' AND space_id IS NOT NULL` })
@Index('ix_executions_running', ['runningUntil'], { where: `status = 'running'` })
export class ExecutionEntity extends TimestampedEntity {
  /** The client that called. */
  @Column({ name: 'client_id', type: 'varchar', length: 255 })
  clientId: string;

  /** The caller's id of the call: the same id again is the same call. */
  @Column({ name: 'command_id', type: 'varchar', length: 128 })
  commandId: string;

  /** Tells a repeated request from another request with the same `command_id`. */
  @Column({ name: 'request_hash', type: 'char', length: 64 })
  requestHash: string;

  @Column({ type: 'varchar', length: 8 })
  mode: ExecutionMode;

  @Column({ type: 'varchar', length: 16 })
  status: ExecutionStatus | typeof FORMER_COMPLETED;

  @Column({ name: 'skill_id', type: 'uuid' })
  skillId: string;

  /** The id that the owner of the Skill chose for it. Null: none. */
  @Column({ name: 'skill_external_id', type: 'varchar', length: 64, nullable: true })
  skillExternalId: string | null;

  @Column({ name: 'skill_name', type: 'varchar', length: 255 })
  skillName: string;

  @Column({ name: 'skill_version', type: 'varchar', length: 32 })
  skillVersion: string;

  @Column({ name: 'capability_id', type: 'uuid' })
  capabilityId: string;

  @Column({ name: 'capability_external_id', type: 'varchar', length: 64, nullable: true })
  capabilityExternalId: string | null;

  @Column({ name: 'capability_name', type: 'varchar', length: 255 })
  capabilityName: string;

  /** The Space of the Skill. */
  @Column({ name: 'space_id', type: 'varchar', length: 64, nullable: true })
  spaceId: string | null;

  @Column({ name: 'channel_id', type: 'uuid', nullable: true })
  channelId: string | null;

  /** The endpoint that answered, or else was tried last. */
  @Column({ name: 'endpoint_id', type: 'uuid', nullable: true })
  endpointId: string | null;

  @Column({ name: 'endpoint_url', type: 'varchar', length: 512, nullable: true })
  endpointUrl: string | null;

  /** The number of tries. */
  @Column({ type: 'integer', default: 0 })
  tries: number;

  /** The newest tries. Null: none, or the release before made them. */
  @Column({ name: 'try_list', type: 'json', nullable: true })
  tryList: Try[] | null;

  /** Whether a Skill may have received the call. */
  @Column({ type: 'boolean', default: false })
  sent: boolean;

  /** The request of an asynchronous call, until it is finished. */
  @Column({ type: 'json', nullable: true })
  request: unknown;

  @Column({ name: 'timeout_ms', type: 'integer' })
  timeoutMs: number;

  @Column({ name: 'request_bytes', type: 'integer', nullable: true })
  requestBytes: number | null;

  @Column({ name: 'response_bytes', type: 'integer', nullable: true })
  responseBytes: number | null;

  /** json, because jsonb cannot store every JSON text. */
  @Column({ type: 'json', nullable: true })
  result: unknown;

  @Column({ type: 'text', nullable: true })
  output: string | null;

  @Column({ type: 'json', nullable: true })
  error: ExecutionError | null;

  /** What of the answer of the Skill was not taken. Null: nothing is known of it. */
  @Column({ type: 'json', nullable: true })
  warnings: Fault[] | null;

  /** False if result and output were too long to be kept. */
  @Column({ name: 'result_kept', type: 'boolean', default: true })
  resultKept: boolean;

  @Column({ name: 'trace_id', type: 'char', length: 32, nullable: true })
  traceId: string | null;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  startedAt: Date | null;

  @Column({ name: 'completed_at', type: 'timestamptz', nullable: true })
  completedAt: Date | null;

  /** The end of the lease: after it, the replica counts as dead. */
  @Column({ name: 'running_until', type: 'timestamptz', nullable: true })
  runningUntil: Date | null;

  /** Set while it is pending. */
  @Column({ name: 'next_attempt_at', type: 'timestamptz', nullable: true })
  nextAttemptAt: Date | null;

  @Column({ type: 'integer', default: 0 })
  attempts: number;

  /** Attempts that a replica gave back when it stopped: they do not count against the limit. */
  @Column({ type: 'integer', default: 0 })
  releases: number;
}
