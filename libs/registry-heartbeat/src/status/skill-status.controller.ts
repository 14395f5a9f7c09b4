import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, ProtocolRoute } from '#common';
import { deprecationHeaders, SkillIdParam } from '#skills';
import type { FastifyReply } from 'fastify';
import { SkillStatusResponse } from './skill-status.response.js';
import { SkillStatusService } from './skill-status.service.js';

@ApiTags('registry')
@Controller('skills')
export class SkillStatusController {
  constructor(private readonly statuses: SkillStatusService) {}

  @Get(':skill_id/status')
  @Authenticated('skill:read')
  @ProtocolRoute(SkillStatusResponse)
  @ApiOperation({
    summary: 'Read the status of a Skill: its state, its counters, and the lease of each endpoint',
    description:
      'When a Skill is not found or not called. You get its state, why it is not available, its counters, and the lease of each endpoint.',
    operationId: 'getSkillStatus',
  })
  @ApiErrors(1001, 1004)
  async status(
    @CurrentCaller() caller: Caller,
    @Param() { skill_id }: SkillIdParam,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SkillStatusResponse> {
    const { status, deprecation } = await this.statuses.status(caller, skill_id);
    void reply.headers(deprecationHeaders(deprecation));
    return status;
  }
}
