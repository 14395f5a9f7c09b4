import { BadParameterError, ConflictError, NotFoundError, SkillUnavailableError } from '#common';
import { CONTEXT_LIMITS } from './channel-limits.js';
import type { Channel } from './channels.repository.js';

export class ChannelNotFoundError extends NotFoundError {
  constructor() {
    super('This channel does not exist');
  }
}

/** 1006: a channel that has ended cannot be used (docs/adr/0015). */
export class ChannelEndedError extends ConflictError {
  constructor({ closed_at, expiry_time }: Channel) {
    const expired = closed_at !== null && closed_at >= expiry_time;
    super(expired ? 'This channel has expired' : 'This channel is closed', [
      { field: 'channel_id', reason: expired ? 'has expired' : 'is closed' },
    ]);
  }
}

/** 2003: the Skill has left. The channel waits for its return (CHANNEL_RETURN_WAIT). */
export class ChannelAwayError extends SkillUnavailableError {
  constructor({ expiry_time }: Channel) {
    super(`The Skill of this channel has left; the channel waits for its return until ${expiry_time.toISOString()}`);
  }
}

export const FULL = `would give the context more than ${CONTEXT_LIMITS.maxEntries} keys`;

/** 1001: the context would have too many keys after a merge. */
export class ContextFullError extends BadParameterError {
  constructor() {
    super([{ field: 'body', reason: FULL }]);
  }
}

/** @throws ChannelNotFoundError (1010), ChannelEndedError (1006) */
export function assertOpen<C extends Channel>(channel: C | undefined): asserts channel is C {
  if (!channel) throw new ChannelNotFoundError();
  if (channel.status !== 'open') throw new ChannelEndedError(channel);
}
