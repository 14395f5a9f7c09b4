import type { Caller } from '#auth';
import type { OpenChannel } from '#channels';
import type { CapableTarget } from '../targets/target.js';
import type { Parameters } from '../targets/parameters.js';

/** One call, as it goes to whichever endpoint serves it. */
export interface SkillCall {
  executionId: string;
  commandId: string;
  caller: Pick<Caller, 'clientId'>;
  parameters: Parameters;
  metadata: Record<string, unknown>;
  /** Milliseconds for all tries together. */
  timeoutMs: number;
  channel: Pick<OpenChannel, 'channelId' | 'context' | 'endpointId'> | undefined;
  /** Who can serve, the best first. */
  targets: readonly [CapableTarget, ...CapableTarget[]];
  traceparent: string;
  /** Its abort takes the call back. */
  signal: AbortSignal;
}

/** The body of a Skill's `POST /api/v1/commands/execute` (protocol.md section 11). */
export function formatBody(call: SkillCall, { skillId, capability }: CapableTarget): string {
  return JSON.stringify({
    command_id: call.commandId,
    execution_id: call.executionId,
    skill_id: skillId,
    capability_id: capability.capabilityId,
    capability: capability.name,
    parameters: call.parameters,
    metadata: call.metadata,
    ...(call.channel && { channel_id: call.channel.channelId, context: call.channel.context }),
  });
}
