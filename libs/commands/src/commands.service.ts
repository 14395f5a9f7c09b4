import { Inject, Injectable } from '@nestjs/common';
import { AuditLog, type Caller } from '#auth';
import {
  ApiError,
  BadParameterError,
  ExecutionTimeoutError,
  SkillUnavailableError,
  validateEach,
  newId,
  writeJson,
} from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { Transactions, translateDatabaseError } from '#database';
import { currentTrace, formatTraceparent, startSpan } from '#logging';
import { type Deprecation, shownDeprecated } from '#skills';
import { CallRunner, type FinishedCall } from './calls/call-runner.js';
import { CallPreparation, NO_MEMBERS, type PreparedCall } from './calls/call-preparation.js';
import type { PassedHeaders } from './calls/passed-headers.js';
import { type BatchCommandsBody, ExecuteCommandBody, type NamedCommand } from './command.dto.js';
import {
  type BatchItemResponse,
  type BatchResponse,
  toExecutionResponse,
  type ExecutionResponse,
  toPendingResponse,
} from './executions/execution.response.js';
import { CallCancellation } from './executions/call-cancellation.js';
import { ExecutionEnds } from './executions/execution-ends.js';
import { type ExecutionRecord, isUnderWay } from './executions/execution-record.js';
import { ExecutionJournal } from './executions/execution-journal.js';
import { type ClaimedExecution, ExecutionsRepository, type NewExecution } from './executions/executions.repository.js';
import { CallQueue } from './queue/call-queue.js';
import { serializeCaller } from './queue/queued-call.js';
import { type CapableTarget, shownIds } from './targets/target.js';

/** Calls of one batch that are made at the same time. */
const BATCH_LANES = 10;

/** The answer to a call. */
export interface ExecutedCommand {
  execution: ExecutionResponse;
  /** Whether the call goes on after the answer: 202. */
  isUnderWay: boolean;
  /** Of the Skill that was called. */
  deprecation: Deprecation | null;
  /** Whole seconds after which the Skill asks to be called again. */
  retryAfter?: number | undefined;
}

/** How the caller waits for the answer. */
export interface Connection {
  headers: PassedHeaders;
  /** Aborts when the caller closes it. */
  closed: AbortSignal;
  respondAsync?: boolean;
  /** Milliseconds to wait for the end of a call that is under way already. */
  waitMs?: number;
}

type Answer = Omit<ExecutedCommand, 'deprecation'>;

/** Calls Skills: synchronously, where the caller waits for the Skill, or through the queue. */
@Injectable()
export class CommandsService {
  constructor(
    private readonly preparation: CallPreparation,
    private readonly queue: CallQueue,
    private readonly journal: ExecutionJournal,
    private readonly repository: ExecutionsRepository,
    private readonly runner: CallRunner,
    private readonly ends: ExecutionEnds,
    private readonly cancellation: CallCancellation,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
    @Inject(commandsSettings.KEY) private readonly settings: Pick<CommandsSettings, 'auditCalls'>,
  ) {}

  /**
   * Through the queue with a `callback_url` or `respondAsync`. The same `command_id` again is the same call.
   * @throws BadParameterError (1001), SkillNotFoundError (1004), CapabilityNotFoundError (1005), SkillUnavailableError
   * (2003), CapabilityUnavailableError (2004), ExecutionTimeoutError (2006)
   */
  async execute(caller: Caller, body: ExecuteCommandBody, connection: Connection): Promise<ExecutedCommand> {
    const prepared = await this.preparation.prepare(caller, body);
    const named = { ...body, command_id: body.command_id ?? newId() };
    await this.auditRequest(caller, named, prepared);
    const { execution, ...answer } = await this.call(caller, named, prepared, connection);
    const called = prepared.targets.find(({ skillId }) => skillId === execution.skill_id);
    const deprecation = called?.deprecation ?? null;
    return {
      execution: deprecation ? { ...execution, deprecated: shownDeprecated(deprecation) } : execution,
      ...answer,
      deprecation,
    };
  }

  /** Before the call, so that none is missed: also one that is made already, or refused by a quota. */
  private async auditRequest(
    caller: Caller,
    { command_id }: NamedCommand,
    { targets: [best] }: PreparedCall,
  ): Promise<void> {
    if (!this.settings.auditCalls) return;
    const after = { command_id, capability: best.capability.capabilityId };
    const change = { action: 'command.execute', target: `skill:${best.skillId}`, after, spaces: [best.spaceId] };
    await this.transactions.run((tx) => this.audit.record(tx, caller, [change]));
  }

  private async call(
    caller: Caller,
    body: NamedCommand,
    prepared: PreparedCall,
    connection: Connection,
  ): Promise<Answer> {
    const trace = currentTrace() ?? startSpan();
    const execution = newExecution(caller, body, prepared, trace.traceId);
    const traceparent = formatTraceparent(trace);
    if (connection.respondAsync || body.callback_url !== undefined) {
      const { callback_url: callbackUrl, ...asked } = body;
      const request = { body: asked, caller: serializeCaller(caller), traceparent, headers: connection.headers };
      const id = await this.queue.add({ ...execution, request, callbackUrl });
      if (id === undefined) return this.awaitEarlier(execution, connection);
      return { execution: toPendingResponse({ ...execution, id }), isUnderWay: true };
    }
    const claimed = await this.journal.claim(execution);
    if (claimed === undefined) return this.awaitEarlier(execution, connection);
    const call = {
      ...prepared,
      executionId: claimed.id,
      commandId: body.command_id,
      caller,
      metadata: body.metadata ?? NO_MEMBERS,
      timeoutMs: execution.timeout_ms,
      traceparent,
      passedHeaders: connection.headers,
      startedAt: claimed.startedAt,
      earlier: claimed.earlier,
    };
    const run = (): Promise<FinishedCall | undefined> => this.journal.guard(claimed.id, () => this.runner.run(call));
    const finished = await (body.cancel_on_disconnect === true
      ? this.cancellation.during(connection.closed, claimed.id, run)
      : run());
    // It was cancelled.
    if (!finished) return toAnswer(await this.findEarlier(execution));
    return {
      execution: toResponse(body.command_id, claimed, prepared.targets[0], finished),
      isUnderWay: false,
      retryAfter: finished.outcome.answered ? undefined : toSeconds(finished.outcome.retryAfterMs),
    };
  }

  /** Returns one result per call, in order. A failed call does not stop the others. */
  async executeBatch(caller: Caller, { commands }: BatchCommandsBody, connection: Connection): Promise<BatchResponse> {
    const results: BatchItemResponse[] = [];
    const waiting: [number, ExecuteCommandBody][] = [];
    for await (const [index, item] of validateEach(ExecuteCommandBody, commands)) {
      if (item instanceof BadParameterError) results[index] = toFailure(index, item);
      else waiting.push([index, item]);
    }
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, item] = next;
        results[index] = await this.attempt(caller, index, item, connection);
      }
    };
    await Promise.all(Array.from({ length: BATCH_LANES }, lane));
    return { results };
  }

  private async attempt(
    caller: Caller,
    index: number,
    body: ExecuteCommandBody,
    connection: Connection,
  ): Promise<BatchItemResponse> {
    try {
      return { index, execution: (await this.execute(caller, body, connection)).execution };
    } catch (error) {
      const known = error instanceof ApiError ? error : translateDatabaseError(error);
      if (known) return toFailure(index, known);
      throw error;
    }
  }

  /**
   * Returns the outcome of the earlier call with this `command_id`. While it is under way, waits as long as the caller asks.
   * @throws BadParameterError (1001) if it was another request
   */
  private async awaitEarlier(execution: NewExecution, { waitMs = 0, closed }: Connection): Promise<Answer> {
    const earlier = await this.findEarlier(execution);
    if (earlier.request_hash !== execution.request_hash) {
      const reason = 'was used for a different request before: send a new one, or none';
      throw new BadParameterError([{ field: 'command_id', reason }]);
    }
    if (waitMs === 0 || !isUnderWay(earlier)) return toAnswer(earlier);
    await this.ends.wait(earlier.id, waitMs, closed);
    return toAnswer(await this.findEarlier(execution));
  }

  private async findEarlier({ client_id, command_id }: NewExecution): Promise<ExecutionRecord> {
    const record = await this.repository.findByCommand(client_id, command_id);
    // The clean-up of old executions has deleted it just now.
    if (record === undefined) throw new SkillUnavailableError('This call was made before, and is no longer known');
    return record;
  }
}

function toAnswer(record: ExecutionRecord): Answer {
  return { execution: toExecutionResponse(record), isUnderWay: isUnderWay(record) };
}

function newExecution(
  { clientId }: Caller,
  { command_id }: NamedCommand,
  { request, channel, targets: [best] }: PreparedCall,
  traceId: string,
): NewExecution {
  return {
    id: newId(),
    client_id: clientId,
    command_id,
    request_hash: request.hash,
    skill_id: best.skillId,
    skill_external_id: best.externalId,
    skill_name: best.skillName,
    skill_version: best.skillVersion,
    capability_id: best.capability.capabilityId,
    capability_external_id: best.capability.externalId,
    capability_name: best.capability.name,
    space_id: best.spaceId,
    channel_id: channel?.channelId ?? null,
    timeout_ms: request.timeoutMs,
    trace_id: traceId,
  };
}

/** @throws SkillUnavailableError (2003), ExecutionTimeoutError (2006) if no Skill served the call */
function toResponse(
  commandId: string,
  { id, startedAt }: ClaimedExecution,
  target: CapableTarget,
  { outcome, completedAt }: FinishedCall,
): ExecutionResponse {
  const { fault, status, result = null, output = null, error = null, warnings = null, route, retryAfterMs } = outcome;
  if (fault) {
    const details = [{ field: 'execution_id', reason: id }];
    if (fault === 2006) throw new ExecutionTimeoutError(error?.message, details);
    const seconds = toSeconds(retryAfterMs) ?? 1;
    throw new SkillUnavailableError(`${error?.message ?? ''}; try again in ${seconds} s`, details, seconds);
  }
  return toExecutionResponse({
    id,
    command_id: commandId,
    ...shownIds(route?.target ?? target),
    status,
    result: result?.text ?? null,
    output,
    error: error && writeJson(error),
    warnings,
    started_at: startedAt,
    completed_at: completedAt,
  });
}

/** At least one second. */
function toSeconds(ms = 0): number | undefined {
  return ms > 0 ? Math.ceil(ms / 1000) : undefined;
}

function toFailure(index: number, { code, summary }: ApiError): BatchItemResponse {
  return { index, code, message: summary };
}
