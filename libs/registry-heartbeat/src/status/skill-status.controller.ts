import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, ProtocolRoute } from '#common';
import { SkillIdParam } from '#skills';
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
    operationId: 'getSkillStatus',
  })
  @ApiErrors(1001, 1004)
  status(@CurrentCaller() caller: Caller, @Param() { skill_id }: SkillIdParam): Promise<SkillStatusResponse> {
    return this.statuses.status(caller, skill_id);
  }
}
