import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, BatchRoute, ExactNumbers, PageRoute, ProtocolRoute } from '#common';
import { ApiIdempotencyKey, IdempotencyKey } from '#idempotency';
import { HotRoute } from '../catalogue/index.js';
import { ApiIfMatch, IfMatch } from '../reading/etag.js';
import { LeavingService } from './leaving.service.js';
import { RegistrationService } from './registration.service.js';
import { DrainingResponse, LeavingBody, UnregisteredResponse } from '../model/leaving.dto.js';
import { BatchRegisterBody, ChangeSkillStatusBody, RegisterSkillBody, SkillIdParam } from '../model/skill.dto.js';
import { ApiPartFilters } from '../reading/part-filters.decorators.js';
import { DiscoverQuery } from '../reading/skill.query.js';
import { BatchRegisteredResponse, RegisteredResponse } from '../model/registration.response.js';
import { DiscoverResponse, SkillStatusChangedResponse } from '../model/skill.response.js';
import { SkillsService } from '../skills.service.js';

/** Skills in the protocol style (AI Bridge v0.6.0, Skill interface). */
@ApiTags('registry')
@Controller('skills')
export class RegistryController {
  constructor(
    private readonly skills: SkillsService,
    private readonly registration: RegistrationService,
    private readonly leaving: LeavingService,
  ) {}

  @Post('register')
  @ExactNumbers()
  @Authenticated('skill:register')
  @ProtocolRoute(RegisteredResponse)
  @ApiOperation({
    summary: 'Register a Skill, or renew its registration',
    description:
      'At the start of a Skill, and whenever a heartbeat answers 404. You get its id, the generation of the registration, and when the first heartbeat is due. The same name and version is renewed, not created twice.',
    operationId: 'registerSkill',
  })
  @ApiIdempotencyKey()
  @ApiErrors(1001, 1006)
  register(
    @CurrentCaller() caller: Caller,
    @Body() body: RegisterSkillBody,
    @IdempotencyKey() key?: string,
  ): Promise<RegisteredResponse> {
    return this.registration.register(caller, body, key);
  }

  @Post('batch')
  @ExactNumbers()
  @Authenticated('skill:register')
  @ProtocolRoute(BatchRegisteredResponse)
  @BatchRoute({ list: 'skills', itemsPerRequest: 10, isLarge: true })
  @ApiOperation({
    summary: 'Register many Skills',
    description:
      'At the start of a gateway or a migration that brings many Skills. You get one result for each, in the order of the request; a failure does not stop the others.',
    operationId: 'registerSkills',
  })
  @ApiIdempotencyKey()
  @ApiErrors(1001)
  batch(
    @CurrentCaller() caller: Caller,
    @Body() body: BatchRegisterBody,
    @IdempotencyKey() key?: string,
  ): Promise<BatchRegisteredResponse> {
    return this.registration.batch(caller, body, key);
  }

  @Get('discover')
  @Authenticated('skill:read')
  @HotRoute()
  @PageRoute(DiscoverResponse)
  @ApiOperation({
    summary: 'Find Skills that can be called',
    description:
      'When an agent looks for a Skill to call. You get the active, healthy Skills that match all filters; with `q` the best match comes first.',
    operationId: 'discoverSkills',
  })
  @ApiPartFilters()
  @ApiErrors(1001)
  discover(@CurrentCaller() caller: Caller, @Query() query: DiscoverQuery): Promise<DiscoverResponse> {
    return this.skills.discover(caller, query);
  }

  @Post(':skill_id/unregister')
  @Authenticated('skill:unregister')
  @ProtocolRoute(UnregisteredResponse)
  @ApiOperation({
    summary: 'Unregister a Skill, or one of its endpoints',
    description:
      'When a Skill stops. You get the time. With endpoint_url only this endpoint goes, and the Skill with its last one',
    operationId: 'unregisterSkill',
  })
  @ApiBody({ type: LeavingBody, required: false })
  @ApiIfMatch()
  @ApiIdempotencyKey()
  @ApiErrors(1001, 1004, 1006, 1010)
  unregister(
    @CurrentCaller() caller: Caller,
    @Param() { skill_id: skillId }: SkillIdParam,
    @Body() body?: LeavingBody,
    @IfMatch() ifMatch?: string,
    @IdempotencyKey() key?: string,
  ): Promise<UnregisteredResponse> {
    return this.leaving.unregister(caller, { skillId, body: body ?? {}, ifMatch, key });
  }

  @Post(':skill_id/drain')
  @Authenticated('skill:unregister')
  @ProtocolRoute(DrainingResponse)
  @ApiOperation({
    summary: 'Route no new calls to a Skill, or to one of its endpoints',
    description:
      'Before a Skill stops. You get the status. Calls in flight finish. A registration of the endpoint, or its status active, ends it',
    operationId: 'drainSkill',
  })
  @ApiBody({ type: LeavingBody, required: false })
  @ApiIfMatch()
  @ApiIdempotencyKey()
  @ApiErrors(1001, 1004, 1006, 1010)
  drain(
    @CurrentCaller() caller: Caller,
    @Param() { skill_id: skillId }: SkillIdParam,
    @Body() body?: LeavingBody,
    @IfMatch() ifMatch?: string,
    @IdempotencyKey() key?: string,
  ): Promise<DrainingResponse> {
    return this.leaving.drain(caller, { skillId, body: body ?? {}, ifMatch, key });
  }

  @Put(':skill_id/status')
  @Authenticated('skill:manage')
  @ProtocolRoute(SkillStatusChangedResponse)
  @ApiOperation({
    summary: 'Change the status of a Skill',
    description:
      'To take a Skill out of discovery (maintenance, inactive) and back (active), without unregistering it. You get the new status.',
    operationId: 'changeSkillStatus',
  })
  @ApiIfMatch()
  @ApiErrors(1001, 1004)
  changeStatus(
    @CurrentCaller() caller: Caller,
    @Param() { skill_id }: SkillIdParam,
    @Body() body: ChangeSkillStatusBody,
    @IfMatch() ifMatch?: string,
  ): Promise<SkillStatusChangedResponse> {
    return this.skills.changeStatus(caller, skill_id, body, ifMatch);
  }
}
