import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, BatchRoute, ProtocolRoute } from '#common';
import { GivenSkillIdParam } from '#skills';
import { HeartbeatBody, HeartbeatsBody } from './heartbeat.dto.js';
import { HeartbeatResponse, HeartbeatsResponse } from './heartbeat.response.js';
import { HeartbeatsService } from './heartbeats.service.js';
import { HeartbeatRoute } from './hot-heartbeats.js';

/** Heartbeats of members (protocol.md sections 5 and 11). */
@ApiTags('registry')
@Controller()
export class HeartbeatsController {
  constructor(private readonly heartbeats: HeartbeatsService) {}

  @Post('skills/:skill_id/heartbeat')
  @Authenticated('skill:register')
  @ProtocolRoute(HeartbeatResponse)
  @HeartbeatRoute()
  @ApiOperation({
    summary: 'Renew the lease of a Skill, or of one of its endpoints',
    description:
      'From a running Skill, before each lease ends. You get the time until the next one. 404: the Skill or the endpoint was removed, so register again. 409: a newer registration has taken over, so stop.',
    operationId: 'heartbeat',
  })
  @ApiBody({ type: HeartbeatBody, required: false })
  @ApiErrors(1001, 1004, 1006)
  beat(
    @CurrentCaller() caller: Caller,
    @Param() { skill_id }: GivenSkillIdParam,
    @Body() body?: HeartbeatBody,
  ): Promise<HeartbeatResponse> {
    return this.heartbeats.beat(caller, skill_id, body ?? {});
  }

  @Post('heartbeats')
  @Authenticated('skill:register')
  @ProtocolRoute(HeartbeatsResponse)
  @BatchRoute({ list: 'heartbeats', itemsPerRequest: 100, isLarge: true })
  @ApiOperation({
    summary: 'Renew many leases',
    description:
      'For gateways that keep many Skills alive. You get one result for each heartbeat, in the order of the request.',
    operationId: 'heartbeats',
  })
  @ApiErrors(1001)
  beatMany(@CurrentCaller() caller: Caller, @Body() body: HeartbeatsBody): Promise<HeartbeatsResponse> {
    return this.heartbeats.beatMany(caller, body);
  }
}
