import { ConflictError, NotFoundError } from '#common';
import type { Channel } from './channels.repository.js';

export class ChannelNotFoundError extends NotFoundError {
  constructor() {
    super('This channel does not exist');
  }
}

/** 1006: a channel that has ended takes part in nothing any more (docs/adr/0015). */
export class ChannelEndedError extends ConflictError {
  constructor({ closed_at, expiry_time }: Channel) {
    const expired = closed_at !== null && closed_at >= expiry_time;
    super(expired ? 'This channel has expired' : 'This channel is closed', [
      { field: 'channel_id', reason: expired ? 'has expired' : 'is closed' },
    ]);
  }
}

/** @throws ChannelNotFoundError (1010), ChannelEndedError (1006) */
export function assertOpen<C extends Channel>(channel: C | undefined): asserts channel is C {
  if (!channel) throw new ChannelNotFoundError();
  if (channel.status !== 'open') throw new ChannelEndedError(channel);
}
