import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import type { Transaction } from '#database';
import { ChannelContextsRepository } from './contexts/channel-contexts.repository.js';
import { assertOpen, ContextFullError } from './channel-errors.js';
import { EVERYWHERE, callerReach } from './channel-reach.js';
import { ChannelsRepository } from './channels.repository.js';
import { assertContextChanges, type ContextChanges } from './contexts/context-changes.js';

/** What a call through a channel needs to know of it. */
export interface OpenChannel {
  channelId: string;
  skillId: string;
  capabilityId: string;
  /** The endpoint that was called last; null: none yet, or it has gone. */
  endpointId: string | null;
  context: Record<string, string>;
}

/** What a call through a channel leaves in it. */
export interface ChannelOutcome {
  /** The endpoint to call the next time. */
  endpointId?: string;
  context?: ContextChanges;
}

/** Channels for those who call Skills through them. */
@Injectable()
export class ChannelUse {
  constructor(
    private readonly channels: ChannelsRepository,
    private readonly contexts: ChannelContextsRepository,
  ) {}

  /**
   * The channel of this UUID, with its context as of one moment; one round trip.
   * @throws ChannelNotFoundError (1010) also when it belongs to somebody else; ChannelEndedError (1006)
   */
  async open(caller: Caller, channelId: string): Promise<OpenChannel> {
    const channel = await this.channels.findWithContext(channelId, callerReach(caller));
    assertOpen(channel);
    const { id, skill_id: skillId, capability_id: capabilityId, endpoint_id: endpointId, context } = channel;
    return { channelId: id, skillId, capabilityId, endpointId, context };
  }

  /**
   * Merges the context, key by key, and remembers the endpoint; of two calls the later one wins. Holds the channel until
   * the end of the transaction: call it late, and once for each channel. Returns false, and has written nothing, when the
   * channel has ended or gone meanwhile. An endpoint that is not, or no longer, one of the channel's Skill is forgotten.
   * @throws BadParameterError (1001) beyond the limits of a context; it has written nothing, and `tx` can go on
   */
  async record(tx: Transaction, channelId: string, { endpointId, context }: ChannelOutcome): Promise<boolean> {
    if (context !== undefined) assertContextChanges(context, 'context');
    const channel = await this.channels.hold(tx, channelId, EVERYWHERE);
    if (channel?.status !== 'open') return false;
    const endpoint = endpointId === undefined ? undefined : await this.channels.holdEndpoint(tx, channelId, endpointId);
    if (!(await this.contexts.merge(tx, channelId, context ?? {}, endpoint))) throw new ContextFullError('context');
    return true;
  }
}
