import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import type { OpenChannel } from '#channels';
import { ApiError, BadParameterError, ExecutionTimeoutError, SkillUnavailableError, validateEach } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { translateDatabaseError } from '#database';
import { currentTrace, formatTraceparent, startSpan } from '#logging';
import { v7 as uuidv7 } from 'uuid';
import { CallRunner, type FinishedCall } from './call-runner.js';
import { ChannelCalls } from './channel-calls.js';
import { type BatchCommandsBody, ExecuteCommandBody } from './command.dto.js';
import { type CommandRequest, commandRequestOf } from './command-request.js';
import {
  type BatchItemResponse,
  type BatchResponse,
  executionOf,
  type ExecutionResponse,
} from './execution.response.js';
import { ExecutionJournal } from './executions/execution-journal.js';
import { type ClaimedExecution, ExecutionsRepository, type NewExecution } from './executions/executions.repository.js';
import { checkedParameters, type Parameters } from './targets/parameters.js';
import type { CapableTarget } from './targets/target.js';
import { TargetResolver } from './targets/target-resolver.js';

/** Calls of one batch at the same time. */
const BATCH_LANES = 10;

/** A call that can be made. */
interface PreparedCall {
  request: CommandRequest;
  channel: OpenChannel | undefined;
  targets: readonly [CapableTarget, ...CapableTarget[]];
  parameters: Parameters;
}

/** Calls Skills in place: whoever called waits for what the Skill says. */
@Injectable()
export class CommandsService {
  constructor(
    private readonly resolver: TargetResolver,
    private readonly channels: ChannelCalls,
    private readonly journal: ExecutionJournal,
    private readonly repository: ExecutionsRepository,
    private readonly runner: CallRunner,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  /**
   * @throws BadParameterError (1001), SkillNotFoundError (1004), CapabilityNotFoundError (1005), SkillUnavailableError
   * (2003), CapabilityUnavailableError (2004), ExecutionTimeoutError (2006)
   */
  async execute(caller: Caller, body: ExecuteCommandBody): Promise<ExecutionResponse> {
    const { request, ...prepared } = await this.prepare(caller, body);
    const trace = currentTrace() ?? startSpan();
    const claimed = await this.journal.claim({
      ...namesOf(prepared.targets[0]),
      id: uuidv7(),
      client_id: caller.clientId,
      command_id: body.command_id,
      request_hash: request.hash,
      channel_id: prepared.channel?.channelId ?? null,
      timeout_ms: request.timeoutMs,
      trace_id: trace.traceId,
    });
    if (claimed === undefined) return this.madeBefore(caller, body.command_id, request.hash);
    const finished = await this.runner.run({
      ...prepared,
      executionId: claimed.id,
      commandId: body.command_id,
      caller,
      metadata: body.metadata ?? {},
      timeoutMs: request.timeoutMs,
      traceparent: formatTraceparent(trace),
      startedAt: claimed.startedAt,
    });
    // Somebody took it back.
    if (!finished) return this.madeBefore(caller, body.command_id);
    return answerOf(body.command_id, claimed, prepared.targets[0], finished);
  }

  /** One result for each, in order; a call that fails stops no other. */
  async executeBatch(caller: Caller, { commands }: BatchCommandsBody): Promise<BatchResponse> {
    const results: BatchItemResponse[] = [];
    const waiting: [number, ExecuteCommandBody][] = [];
    for await (const [index, item] of validateEach(ExecuteCommandBody, commands)) {
      if (item instanceof BadParameterError) results[index] = failureOf(index, item);
      else waiting.push([index, item]);
    }
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, item] = next;
        results[index] = await this.attempt(caller, index, item);
      }
    };
    await Promise.all(Array.from({ length: BATCH_LANES }, lane));
    return { results };
  }

  private async attempt(caller: Caller, index: number, body: ExecuteCommandBody): Promise<BatchItemResponse> {
    try {
      return { index, execution: await this.execute(caller, body) };
    } catch (error) {
      const told = error instanceof ApiError ? error : translateDatabaseError(error);
      if (told) return failureOf(index, told);
      throw error;
    }
  }

  private async prepare(caller: Caller, body: ExecuteCommandBody): Promise<PreparedCall> {
    const channel = await this.channels.open(caller, body.channel_id);
    const request = commandRequestOf(body, this.settings, channel);
    const [best, ...others] = await this.resolver.resolve(caller, request.wanted);
    const given = body.parameters ?? {};
    const parameters = checkedParameters(given, best.capability.parameters);
    const targets = [best, ...others.filter(({ capability }) => takes(capability, given))] as const;
    return { request, channel, parameters, targets };
  }

  /** What became of a call that the client made under this name. @throws BadParameterError (1001) of another request */
  private async madeBefore(caller: Caller, commandId: string, hash?: string): Promise<ExecutionResponse> {
    const record = await this.repository.named(caller.clientId, commandId);
    // It was deleted at this moment, as all that is old.
    if (record === undefined) throw new SkillUnavailableError('This call was made before, and is no longer known');
    if (hash !== undefined && record.request_hash !== hash) {
      throw new BadParameterError([{ field: 'command_id', reason: 'was used for a different request before' }]);
    }
    return executionOf(record);
  }
}

function namesOf({ skillId, skillName, skillVersion, spaceId, capability }: CapableTarget) {
  return {
    skill_id: skillId,
    skill_name: skillName,
    skill_version: skillVersion,
    capability_id: capability.capabilityId,
    capability_name: capability.name,
    space_id: spaceId,
  } satisfies Partial<NewExecution>;
}

/** @throws SkillUnavailableError (2003), ExecutionTimeoutError (2006) when nobody served it */
function answerOf(
  commandId: string,
  { id, startedAt }: ClaimedExecution,
  target: CapableTarget,
  { outcome, completedAt }: FinishedCall,
): ExecutionResponse {
  const { fault, status, result = null, output = null, error = null, route } = outcome;
  if (fault) {
    const details = [{ field: 'execution_id', reason: id }];
    throw fault === 2006
      ? new ExecutionTimeoutError(error?.message, details)
      : new SkillUnavailableError(error?.message, details);
  }
  const { skillId, capability } = route?.target ?? target;
  return {
    execution_id: id,
    command_id: commandId,
    skill_id: skillId,
    capability_id: capability.capabilityId,
    status,
    result,
    output,
    error,
    started_at: startedAt.toISOString(),
    completed_at: completedAt.toISOString(),
  };
}

function takes({ parameters }: CapableTarget['capability'], given: Parameters): boolean {
  try {
    checkedParameters(given, parameters);
    return true;
  } catch {
    return false;
  }
}

function failureOf(index: number, { code, summary }: ApiError): BatchItemResponse {
  return { index, code, message: summary };
}
