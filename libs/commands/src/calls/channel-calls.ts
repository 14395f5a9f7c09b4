import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '#auth';
import { ChannelUse, type OpenChannel } from '#channels';
import { BadParameterError } from '#common';
import { Transactions } from '#database';
import type { CallOutcome } from './skill-caller.js';

/** Calls through channels: the Skill gets the context of the channel, and may change it. */
@Injectable()
export class ChannelCalls {
  private readonly logger = new Logger('commands');

  constructor(
    private readonly channels: ChannelUse,
    private readonly transactions: Transactions,
  ) {}

  /** Returns undefined without a `channelId`. @throws ChannelNotFoundError (1010), ChannelEndedError (1006) */
  async open(caller: Caller, channelId: string | undefined): Promise<OpenChannel | undefined> {
    return channelId === undefined ? undefined : this.channels.open(caller, channelId);
  }

  /** Writes the changes of the context before the caller gets its answer, so that its next call sees them. */
  async record({ channelId, skillId }: OpenChannel, { route, context, sent }: CallOutcome): Promise<void> {
    if (!route || !sent || route.target.skillId !== skillId) return;
    const { endpointId } = route.endpoint;
    try {
      await this.transactions.run((tx) =>
        this.channels.record(tx, channelId, { endpointId, ...(context !== undefined && { context }) }),
      );
    } catch (error) {
      if (!(error instanceof BadParameterError)) throw error;
      // A fault of the Skill, not of the caller: the call itself has succeeded.
      this.logger.warn(`Skill ${skillId} returned an invalid context for a channel: ${error.summary}`);
      await this.transactions.run((tx) => this.channels.record(tx, channelId, { endpointId }));
    }
  }
}
