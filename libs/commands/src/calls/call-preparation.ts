import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import type { OpenChannel } from '#channels';
import { JsonText } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { type CheckBudget, newCheckBudget } from '#json-schema';
import { ChannelCalls } from './channel-calls.js';
import type { ExecuteCommandBody } from '../command.dto.js';
import { type CommandRequest, parseCommandRequest } from './command-request.js';
import { checkParameters } from '../targets/parameters.js';
import { findCallSchema } from '../targets/schema-check.js';
import type { CapableTarget } from '../targets/target.js';
import { TargetResolver } from '../targets/target-resolver.js';

/** A call that is checked and ready. */
export interface PreparedCall {
  request: CommandRequest;
  channel: OpenChannel | undefined;
  targets: readonly [CapableTarget, ...CapableTarget[]];
  parameters: JsonText;
}

/** For members that are not given. */
export const NO_MEMBERS = new JsonText('{}');

/** Checks a call before any Skill gets it, and finds the Skills that can serve it. */
@Injectable()
export class CallPreparation {
  constructor(
    private readonly resolver: TargetResolver,
    private readonly channels: ChannelCalls,
    @Inject(commandsSettings.KEY) private readonly settings: CommandsSettings,
  ) {}

  /**
   * @throws BadParameterError (1001), SkillNotFoundError (1004), CapabilityNotFoundError (1005), ChannelEndedError (1006),
   * ChannelNotFoundError (1010), SkillUnavailableError (2003), CapabilityUnavailableError (2004)
   */
  async prepare(caller: Caller, body: ExecuteCommandBody): Promise<PreparedCall> {
    const channel = await this.channels.open(caller, body.channel_id);
    const request = parseCommandRequest(body, this.settings, channel);
    const [best, ...others] = await this.resolver.resolve(caller, request.wanted);
    const given = body.parameters ?? NO_MEMBERS;
    const parameters = checkParameters(given, best.capability);
    return { request, channel, parameters, targets: [best, ...selectAccepting(others, best, given)] };
  }
}

/** The targets whose capabilities take the same parameters, as far as one budget lasts: each may have a schema of its own. */
function selectAccepting(targets: readonly CapableTarget[], best: CapableTarget, given: JsonText): CapableTarget[] {
  if (targets.length === 0) return [];
  const budget = newCheckBudget(true);
  const verdicts = new Map([[findCallSchema(best.capability), true]]);
  return targets.filter(({ capability }) => {
    const schema = findCallSchema(capability);
    if (schema === null) return accepts(capability, given, budget);
    const verdict = verdicts.get(schema) ?? accepts(capability, given, budget);
    verdicts.set(schema, verdict);
    return verdict;
  });
}

function accepts(capability: CapableTarget['capability'], given: JsonText, budget: CheckBudget): boolean {
  try {
    checkParameters(given, capability, budget);
    return true;
  } catch {
    return false;
  }
}
