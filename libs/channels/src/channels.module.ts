import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '#auth';
import { IdempotencyModule } from '#idempotency';
import { QuotasModule } from '#quotas';
import { SkillsModule } from '#skills';
import { AwayChannelEntity } from './away/away-channel.entity.js';
import { AwayChannels } from './away/away-channels.js';
import { ChannelContextsRepository } from './contexts/channel-contexts.repository.js';
import { ChannelContextsService } from './contexts/channel-contexts.service.js';
import { ChannelExpiry } from './expiry/channel-expiry.js';
import { ChannelExpiryRepository } from './expiry/channel-expiry.repository.js';
import { ChannelTargetRepository } from './channel-target.repository.js';
import { ChannelUse } from './channel-use.js';
import { ChannelContextEntity, ChannelEntity } from './channel.entity.js';
import { ChannelsController } from './channels.controller.js';
import { ChannelMetrics } from './channels.metrics.js';
import { ChannelsRepository } from './channels.repository.js';
import { ChannelsService } from './channels.service.js';

/** Channels: conversations of agents with capabilities. */
@Module({
  imports: [
    TypeOrmModule.forFeature([ChannelEntity, ChannelContextEntity, AwayChannelEntity]),
    IdempotencyModule,
    AuthModule,
    QuotasModule,
    SkillsModule,
  ],
  controllers: [ChannelsController],
  providers: [
    ChannelsService,
    ChannelContextsService,
    ChannelUse,
    AwayChannels,
    ChannelsRepository,
    ChannelTargetRepository,
    ChannelContextsRepository,
    ChannelExpiry,
    ChannelExpiryRepository,
    ChannelMetrics,
  ],
  exports: [ChannelUse],
})
export class ChannelsModule {}
