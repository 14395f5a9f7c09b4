import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, PageRoute, ProtocolRoute } from '#common';
import { ApiIdempotencyKey, IdempotencyKey } from '#idempotency';
import { ChannelContextsService } from './contexts/channel-contexts.service.js';
import { ChannelIdParam, CreateChannelBody, ListChannelsQuery } from './channel.dto.js';
import { ChannelContextResponse, ChannelPageResponse, ChannelResponse } from './channel.response.js';
import { ChannelsService } from './channels.service.js';
import { ContextBody, type ContextChanges, ContextChangesPipe } from './contexts/context-changes.js';

@ApiTags('channels')
@Controller('channels')
export class ChannelsController {
  constructor(
    private readonly channels: ChannelsService,
    private readonly contexts: ChannelContextsService,
  ) {}

  @Post('create')
  @Authenticated('channel:create')
  @ProtocolRoute(ChannelResponse)
  @ApiOperation({
    summary: 'Open a channel to a capability',
    description:
      'For several calls that belong together. You get the id of the channel; calls that name it share its context.',
    operationId: 'createChannel',
  })
  @ApiIdempotencyKey()
  @ApiErrors(1001, 1004, 1005, 2004)
  create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateChannelBody,
    @IdempotencyKey() key?: string,
  ): Promise<ChannelResponse> {
    return this.channels.create(caller, body, key);
  }

  @Get()
  @Authenticated('channel:create')
  @PageRoute(ChannelPageResponse)
  @ApiOperation({
    summary: 'List your channels; an admin lists all channels',
    description: 'To find channels that are open, or to clean up. You get them oldest first, page by page.',
    operationId: 'listChannels',
  })
  @ApiErrors(1001)
  list(@CurrentCaller() caller: Caller, @Query() query: ListChannelsQuery): Promise<ChannelPageResponse> {
    return this.channels.list(caller, query);
  }

  @Get(':channel_id')
  @Authenticated('channel:create')
  @ProtocolRoute(ChannelResponse)
  @ApiOperation({
    summary: 'Read a channel',
    description: 'To see whether a channel is open, and until when. You get its Skill, capability, status and expiry.',
    operationId: 'getChannel',
  })
  @ApiErrors(1001, 1010)
  get(@CurrentCaller() caller: Caller, @Param() { channel_id }: ChannelIdParam): Promise<ChannelResponse> {
    return this.channels.get(caller, channel_id);
  }

  @Post(':channel_id/close')
  @Authenticated('channel:create')
  @ProtocolRoute(ChannelResponse)
  @ApiOperation({
    summary: 'Close a channel; an ended channel does not change',
    description: 'When a conversation is over. You get the channel as it is now.',
    operationId: 'closeChannel',
  })
  @ApiErrors(1001, 1010)
  close(@CurrentCaller() caller: Caller, @Param() { channel_id }: ChannelIdParam): Promise<ChannelResponse> {
    return this.channels.close(caller, channel_id);
  }

  @Get(':channel_id/context')
  @Authenticated('channel:create')
  @ProtocolRoute(ChannelContextResponse)
  @ApiOperation({
    summary: 'Read the context of a channel',
    description: 'To see what the Skill and you have written into the context. You get all entries.',
    operationId: 'getChannelContext',
  })
  @ApiErrors(1001, 1010)
  context(@CurrentCaller() caller: Caller, @Param() { channel_id }: ChannelIdParam): Promise<ChannelContextResponse> {
    return this.contexts.get(caller, channel_id);
  }

  @Put(':channel_id/context')
  @Authenticated('channel:create')
  @ProtocolRoute(ChannelContextResponse)
  @ApiOperation({
    summary: 'Merge into the context of an open channel',
    description:
      'To give the Skill information for later calls. Keys are added or replaced; null removes one. You get the whole context.',
    operationId: 'putChannelContext',
  })
  @ContextBody()
  @ApiErrors(1001, 1006, 1010)
  putContext(
    @CurrentCaller() caller: Caller,
    @Param() { channel_id }: ChannelIdParam,
    @Body(ContextChangesPipe) changes: ContextChanges,
  ): Promise<ChannelContextResponse> {
    return this.contexts.put(caller, channel_id, changes);
  }
}
