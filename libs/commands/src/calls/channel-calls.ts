import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import { ChannelUse, type OpenChannel } from '#channels';
import type { Fault } from '#common';
import { Transactions } from '#database';
import type { CallOutcome } from './skill-caller.js';
import { isEmpty } from './skill-error.js';

const NO_CHANNEL: Fault = { field: 'context', reason: 'is not taken: the call has no channel' };

/** Calls through channels: the Skill gets the context of the channel, and may change it. */
@Injectable()
export class ChannelCalls {
  constructor(
    private readonly channels: ChannelUse,
    private readonly transactions: Transactions,
  ) {}

  /** Returns undefined without a `channelId`. @throws ChannelNotFoundError (1010), ChannelEndedError (1006) */
  async open(caller: Caller, channelId: string | undefined): Promise<OpenChannel | undefined> {
    return channelId === undefined ? undefined : this.channels.open(caller, channelId);
  }

  /**
   * Writes the changes of the context before the caller gets its answer, so that its next call sees them. Returns what of them was
   * not taken.
   */
  async record(channel: OpenChannel | undefined, { route, context, sent }: CallOutcome): Promise<Fault[]> {
    if (!route || !sent) return [];
    if (channel?.skillId !== route.target.skillId) return isEmpty(context?.value) ? [] : [NO_CHANNEL];
    const { endpointId } = route.endpoint;
    return this.transactions.run((tx) =>
      this.channels.record(tx, channel.channelId, { endpointId, ...(context && { context }) }),
    );
  }
}
