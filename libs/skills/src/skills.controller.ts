import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, ApiIfNoneMatch, ExactNumbers, ListRoute, type Page } from '#common';
import { HotRoute } from './catalogue/index.js';
import { ApiIdempotencyKey, IdempotencyKey } from '#idempotency';
import { ApiIfMatch, IfMatch, TaggedSkillRoute } from './reading/etag.js';
import { CreateSkillBody, PatchSkillBody, ReplaceSkillBody, SkillIdParam } from './model/skill.dto.js';
import { ApiPartFilters } from './reading/part-filters.decorators.js';
import { ListSkillsQuery } from './reading/skill.query.js';
import { SkillResponse, type TaggedSkill } from './model/skill.response.js';
import { SkillsService } from './skills.service.js';
import { LeavingService } from './writing/leaving.service.js';

/** Skills in the resource style (deployment guide 5.2). */
@ApiTags('skills')
@Controller('skills')
export class SkillsController {
  constructor(
    private readonly skills: SkillsService,
    private readonly leaving: LeavingService,
  ) {}

  @Post()
  @ExactNumbers()
  @Authenticated('skill:register')
  @TaggedSkillRoute()
  @ApiOperation({
    summary: 'Create a Skill',
    description:
      'To describe a Skill by hand or from a tool. You get the Skill, with its id. A known name and version is refused (1006); a Skill that starts uses POST /skills/register.',
    operationId: 'createSkill',
  })
  @ApiIdempotencyKey()
  @ApiResponse({ status: 201, type: SkillResponse, description: 'Created' })
  @ApiErrors(1001, 1006)
  create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateSkillBody,
    @IdempotencyKey() key?: string,
  ): Promise<TaggedSkill> {
    return this.skills.create(caller, body, key);
  }

  @Get()
  @Authenticated('skill:read')
  @HotRoute()
  @ListRoute(SkillResponse)
  @ApiOperation({
    summary: 'List Skills',
    description:
      'To see all Skills, also those that cannot be called now. You get those that match all filters, page by page.',
    operationId: 'listSkills',
  })
  @ApiPartFilters()
  @ApiErrors(1001)
  list(@CurrentCaller() caller: Caller, @Query() query: ListSkillsQuery): Promise<Page<SkillResponse>> {
    return this.skills.list(caller, query);
  }

  @Get(':skill_id')
  @Authenticated('skill:read')
  @HotRoute({ skillParameter: 'skill_id' })
  @TaggedSkillRoute()
  @ApiOperation({
    summary: 'Read a Skill',
    description: 'To read everything about one Skill. You get it with its ETag, for If-Match of later changes.',
    operationId: 'getSkill',
  })
  @ApiIfNoneMatch()
  @ApiResponse({ status: 200, type: SkillResponse, description: 'The Skill' })
  @ApiErrors(1001, 1004)
  get(@CurrentCaller() caller: Caller, @Param() { skill_id }: SkillIdParam): Promise<TaggedSkill> {
    return this.skills.get(caller, skill_id);
  }

  @Put(':skill_id')
  @ExactNumbers()
  @Authenticated('skill:manage')
  @TaggedSkillRoute()
  @ApiOperation({
    summary: 'Replace a Skill',
    description:
      'To write the whole Skill anew: what the body leaves out is removed. With If-Match, only if nobody has changed it since. You get the Skill as it is now.',
    operationId: 'replaceSkill',
  })
  @ApiIfMatch()
  @ApiResponse({ status: 200, type: SkillResponse, description: 'The Skill as it is now' })
  @ApiErrors(1001, 1004, 1006)
  replace(
    @CurrentCaller() caller: Caller,
    @Param() { skill_id }: SkillIdParam,
    @Body() body: ReplaceSkillBody,
    @IfMatch() ifMatch?: string,
  ): Promise<TaggedSkill> {
    return this.skills.replace(caller, skill_id, body, ifMatch);
  }

  @Patch(':skill_id')
  @ExactNumbers()
  @Authenticated('skill:manage')
  @TaggedSkillRoute()
  @ApiOperation({
    summary: 'Change a Skill (JSON Merge Patch)',
    description:
      'To change some fields: null removes one, objects are merged, lists are replaced. You get the Skill as it is now.',
    operationId: 'patchSkill',
  })
  @ApiConsumes('application/merge-patch+json', 'application/json')
  @ApiBody({ type: PatchSkillBody })
  @ApiIfMatch()
  @ApiResponse({ status: 200, type: SkillResponse, description: 'The Skill as it is now' })
  @ApiErrors(1001, 1004, 1006)
  patch(
    @CurrentCaller() caller: Caller,
    @Param() { skill_id }: SkillIdParam,
    // Not checked as it comes: null means "remove" here. What it makes of the Skill is checked as a whole.
    @Body() patch: object,
    @IfMatch() ifMatch?: string,
  ): Promise<TaggedSkill> {
    return this.skills.patch(caller, skill_id, patch, ifMatch);
  }

  @Delete(':skill_id')
  @Authenticated('skill:manage')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a Skill',
    description:
      'To remove a Skill with all its endpoints. A Skill that stops uses unregister instead. You get an empty answer.',
    operationId: 'deleteSkill',
  })
  @ApiIfMatch()
  @ApiResponse({ status: 204, description: 'Deleted; the name stays with its owner for a time' })
  @ApiErrors(1001, 1004)
  remove(
    @CurrentCaller() caller: Caller,
    @Param() { skill_id }: SkillIdParam,
    @IfMatch() ifMatch?: string,
  ): Promise<void> {
    return this.leaving.remove(caller, skill_id, ifMatch);
  }
}
