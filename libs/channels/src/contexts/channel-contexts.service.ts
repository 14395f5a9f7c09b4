import { Injectable } from '@nestjs/common';
import { AuditLog, type Caller } from '#auth';
import { Transactions } from '#database';
import { ChannelContextsRepository } from './channel-contexts.repository.js';
import { assertOpen, ChannelNotFoundError, ContextFullError } from '../channel-errors.js';
import { callerReach } from '../channel-reach.js';
import type { ChannelContextResponse } from '../channel.response.js';
import { ChannelsRepository } from '../channels.repository.js';
import type { ContextChanges } from './context-changes.js';

/** Reads and changes the context of channels. */
@Injectable()
export class ChannelContextsService {
  constructor(
    private readonly channels: ChannelsRepository,
    private readonly contexts: ChannelContextsRepository,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

  /** Works for a channel that has ended, until it is deleted. @throws ChannelNotFoundError (1010) */
  async get(caller: Caller, channelId: string): Promise<ChannelContextResponse> {
    const channel = await this.channels.findWithContext(channelId, callerReach(caller));
    if (!channel) throw new ChannelNotFoundError();
    return { channel_id: channelId, context: channel.context };
  }

  /** @throws ChannelNotFoundError (1010), ChannelEndedError (1006), ContextFullError (1001) */
  put(caller: Caller, channelId: string, changes: ContextChanges): Promise<ChannelContextResponse> {
    return this.transactions.run(async (tx) => {
      const channel = await this.channels.lock(tx, channelId, callerReach(caller));
      assertOpen(channel);
      if (!(await this.contexts.merge(tx, channelId, changes))) throw new ContextFullError();
      // Neither values nor hashes: short values could be found by trying.
      await this.audit.record(tx, caller, [
        {
          action: 'channel.context',
          target: `channel:${channelId}`,
          after: { keys: [...changes.keys()].toSorted() },
          spaces: [channel.space_id],
        },
      ]);
      return { channel_id: channelId, context: await this.contexts.read(tx, channelId) };
    });
  }
}
