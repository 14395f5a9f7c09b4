export { AwayChannelEntity } from './away/away-channel.entity.js';
export { CHANNEL_STATUSES, ChannelContextEntity, ChannelEntity, type ChannelStatus } from './channel.entity.js';
export { ChannelEndedError, ChannelNotFoundError } from './channel-errors.js';
export { ChannelExpiry } from './expiry/channel-expiry.js';
export { type ChannelOutcome, ChannelUse, type OpenChannel } from './channel-use.js';
export { ChannelsModule } from './channels.module.js';
