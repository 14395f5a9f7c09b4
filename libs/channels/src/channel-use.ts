import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import type { Fault, JsonText } from '#common';
import type { Transaction } from '#database';
import { ChannelContextsRepository } from './contexts/channel-contexts.repository.js';
import { assertOpen, ChannelAwayError, FULL } from './channel-errors.js';
import { EVERYWHERE, callerReach } from './channel-reach.js';
import { ChannelsRepository } from './channels.repository.js';
import { type CheckedChanges, readChanges } from './contexts/context-changes.js';

/** What a call through a channel needs. */
export interface OpenChannel {
  channelId: string;
  skillId: string;
  capabilityId: string;
  /** The id that the owner of the Skill chose for the capability; null: none. */
  capabilityExternalId: string | null;
  /** The endpoint that was called last; null if there is none, or it was deleted. */
  endpointId: string | null;
  context: JsonText;
}

/** What a call through a channel changes in it. */
export interface ChannelOutcome {
  /** The endpoint to call next time. */
  endpointId?: string;
  /** Changes of the context by key, an object; null removes a key. */
  context?: JsonText;
}

const NOTHING: CheckedChanges = { changes: new Map(), faults: [] };
const ENDED: Fault = { field: 'context', reason: 'is not taken: the channel has ended' };

/** Channels, for calls of Skills through them. */
@Injectable()
export class ChannelUse {
  constructor(
    private readonly channels: ChannelsRepository,
    private readonly contexts: ChannelContextsRepository,
  ) {}

  /**
   * Reads a channel and its context in one query.
   * @throws ChannelNotFoundError (1010), also for a channel of another client; ChannelEndedError (1006);
   * ChannelAwayError (2003)
   */
  async open(caller: Caller, channelId: string): Promise<OpenChannel> {
    const channel = await this.channels.findWithContext(channelId, callerReach(caller));
    assertOpen(channel);
    if (channel.away) throw new ChannelAwayError(channel);
    const { id, skill_id: skillId, capability_id: capabilityId, endpoint_id: endpointId, context } = channel;
    const { capability_external_id: capabilityExternalId } = channel;
    return { channelId: id, skillId, capabilityId, capabilityExternalId, endpointId, context };
  }

  /**
   * Merges the context by key, and sets the endpoint; of two calls the later one wins. Locks the channel until the end of the
   * transaction: call it late, and once for each channel. Writes nothing if the channel has ended or is gone. Ignores an
   * endpoint that is not, or no longer, one of the channel's Skill. Returns what of the context was not taken: entries beyond
   * the limits, or all of it if it would have too many keys.
   */
  async record(tx: Transaction, channelId: string, { endpointId, context }: ChannelOutcome): Promise<Fault[]> {
    const { changes, faults } = context ? readChanges(context) : NOTHING;
    const channel = await this.channels.lock(tx, channelId, EVERYWHERE);
    if (channel?.status !== 'open') return context ? [ENDED] : [];
    const endpoint = endpointId === undefined ? undefined : await this.channels.lockEndpoint(tx, channelId, endpointId);
    if (await this.contexts.merge(tx, channelId, changes, endpoint)) return faults;
    await this.contexts.merge(tx, channelId, NOTHING.changes, endpoint);
    return [...faults, { field: 'context', reason: FULL }];
  }
}
