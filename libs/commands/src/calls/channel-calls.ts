import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '#auth';
import { ChannelUse, type OpenChannel } from '#channels';
import { BadParameterError } from '#common';
import { Transactions } from '#database';
import type { CallOutcome } from './skill-caller.js';

/** Calls through channels: they begin with the context, and leave what the Skill puts into it. */
@Injectable()
export class ChannelCalls {
  private readonly logger = new Logger('commands');

  constructor(
    private readonly channels: ChannelUse,
    private readonly transactions: Transactions,
  ) {}

  /** Undefined without a channel. @throws ChannelNotFoundError (1010), ChannelEndedError (1006) */
  async open(caller: Caller, channelId: string | undefined): Promise<OpenChannel | undefined> {
    return channelId === undefined ? undefined : this.channels.open(caller, channelId);
  }

  /** Before the call is answered: the next one finds the context as this one left it. */
  async record({ channelId, skillId }: OpenChannel, { route, context, sent }: CallOutcome): Promise<void> {
    if (!route || !sent || route.target.skillId !== skillId) return;
    const { endpointId } = route.endpoint;
    try {
      await this.transactions.run((tx) =>
        this.channels.record(tx, channelId, { endpointId, ...(context !== undefined && { context }) }),
      );
    } catch (error) {
      if (!(error instanceof BadParameterError)) throw error;
      // The Skill's fault, not the caller's: the call itself has succeeded.
      this.logger.warn(`the context that Skill ${skillId} gave to a channel is refused: ${error.summary}`);
      await this.transactions.run((tx) => this.channels.record(tx, channelId, { endpointId }));
    }
  }
}
