export { CHANNEL_STATUSES, ChannelContextEntity, ChannelEntity, type ChannelStatus } from './channel.entity.js';
export { ChannelsModule } from './channels.module.js';
