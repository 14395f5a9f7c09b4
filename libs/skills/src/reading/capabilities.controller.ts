import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, PageRoute, ProtocolRoute } from '#common';
import { HotRoute } from '../catalogue/index.js';
import { CapabilitiesService } from './capabilities.service.js';
import { CapabilityIdParam, ChangeCapabilityStatusBody } from '../model/capability.dto.js';
import { ApiPartFilters } from './part-filters.decorators.js';
import { ListCapabilitiesQuery } from './skill.query.js';
import { CapabilityPageResponse, CapabilityStatusChangedResponse } from '../model/capability.response.js';

@ApiTags('capabilities')
@Controller('capabilities')
export class CapabilitiesController {
  constructor(private readonly capabilities: CapabilitiesService) {}

  @Get()
  @Authenticated('skill:read')
  @HotRoute()
  @PageRoute(CapabilityPageResponse)
  @ApiOperation({
    summary: 'List capabilities',
    description: 'To see what can be done, across all Skills. You get capabilities with the Skills that have them.',
    operationId: 'listCapabilities',
  })
  @ApiPartFilters()
  @ApiErrors(1001)
  list(@CurrentCaller() caller: Caller, @Query() query: ListCapabilitiesQuery): Promise<CapabilityPageResponse> {
    return this.capabilities.list(caller, query);
  }

  @Put(':capability_id/status')
  @Authenticated('skill:manage')
  @ProtocolRoute(CapabilityStatusChangedResponse)
  @ApiOperation({
    summary: 'Enable or disable a capability',
    description:
      'To stop calls of one capability, and to allow them again, while its Skill goes on. You get the new status.',
    operationId: 'changeCapabilityStatus',
  })
  @ApiErrors(1001, 1005)
  changeStatus(
    @CurrentCaller() caller: Caller,
    @Param() { capability_id }: CapabilityIdParam,
    @Body() body: ChangeCapabilityStatusBody,
  ): Promise<CapabilityStatusChangedResponse> {
    return this.capabilities.changeStatus(caller, capability_id, body);
  }
}
