import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import type { OpenChannel } from '#channels';
import { type CommandsSettings, commandsSettings } from '#config';
import { ChannelCalls } from './channel-calls.js';
import type { ExecuteCommandBody } from '../command.dto.js';
import { type CommandRequest, parseCommandRequest } from './command-request.js';
import { checkParameters, type Parameters } from '../targets/parameters.js';
import type { CapableTarget } from '../targets/target.js';
import { TargetResolver } from '../targets/target-resolver.js';

/** A call that is checked and ready. */
export interface PreparedCall {
  request: CommandRequest;
  channel: OpenChannel | undefined;
  targets: readonly [CapableTarget, ...CapableTarget[]];
  parameters: Parameters;
}

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
    const given = body.parameters ?? {};
    const parameters = checkParameters(given, best.capability.parameters);
    const targets = [best, ...others.filter(({ capability }) => accepts(capability, given))] as const;
    return { request, channel, parameters, targets };
  }
}

function accepts({ parameters }: CapableTarget['capability'], given: Parameters): boolean {
  try {
    checkParameters(given, parameters);
    return true;
  } catch {
    return false;
  }
}
