import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChannelContextEntity, ChannelEntity } from './channel.entity.js';

/** Channels and their context: the tables of the data model. */
@Module({
  imports: [TypeOrmModule.forFeature([ChannelEntity, ChannelContextEntity])],
})
export class ChannelsModule {}
