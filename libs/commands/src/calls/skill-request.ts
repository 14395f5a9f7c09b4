import type { Caller } from '#auth';
import type { OpenChannel } from '#channels';
import { type JsonText, writeJson } from '#common';
import type { TryLog } from '../executions/try-log.js';
import type { PassedHeaders } from './passed-headers.js';
import { type CapableTarget, shownIds } from '../targets/target.js';

/** One call, the same for all endpoints that may serve it. */
export interface SkillCall {
  executionId: string;
  commandId: string;
  caller: Pick<Caller, 'clientId'>;
  parameters: JsonText;
  metadata: JsonText;
  /** Milliseconds for all tries together. */
  timeoutMs: number;
  channel: Pick<OpenChannel, 'channelId' | 'context' | 'endpointId'> | undefined;
  /** The Skills that can serve it, the best first. */
  targets: readonly [CapableTarget, ...CapableTarget[]];
  traceparent: string;
  passedHeaders: PassedHeaders;
  /** Lists each try when it starts. */
  tries: TryLog;
  /** Cancels the call. */
  signal: AbortSignal;
}

/** The body of a Skill's `POST /api/v1/commands/execute` (protocol.md section 11). */
export function formatBody(call: SkillCall, target: CapableTarget): string {
  const { capability } = target;
  return writeJson({
    command_id: call.commandId,
    execution_id: call.executionId,
    ...shownIds(target),
    capability: capability.name,
    parameters: call.parameters,
    metadata: call.metadata,
    ...(call.channel && { channel_id: call.channel.channelId, context: call.channel.context }),
  });
}
