import { Controller, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, ProtocolRoute } from '#common';
import { SkillIdParam } from '#skills';
import { SkillCheckResponse } from './skill-check.response.js';
import { ChecksService } from './checks.service.js';

@ApiTags('registry')
@Controller('skills')
export class ChecksController {
  constructor(private readonly checks: ChecksService) {}

  @Post(':skill_id/check')
  @Authenticated('skill:manage')
  @ProtocolRoute(SkillCheckResponse)
  @ApiOperation({
    summary: 'Probe all active endpoints of a Skill now',
    description:
      'To see now whether a Skill answers, without waiting for the next probe. You get the outcome for each endpoint. Counts as a probe of each endpoint. If there is a lease, it still decides the health.',
    operationId: 'checkSkill',
  })
  @ApiErrors(1001, 1004)
  check(@CurrentCaller() caller: Caller, @Param() { skill_id }: SkillIdParam): Promise<SkillCheckResponse> {
    return this.checks.check(caller, skill_id);
  }
}
