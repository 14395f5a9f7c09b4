import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors } from '#common';
import { NameParam, NameResponse, ShareNameBody, TransferNameBody } from './name.dto.js';
import { NamesService } from './names.service.js';

/** Owners of names, in the whole registry (docs/adr/0031). */
@ApiTags('names')
@Controller('names')
export class NamesController {
  constructor(private readonly names: NamesService) {}

  @Get(':name')
  @Authenticated('skill:read')
  @ApiOperation({
    summary: 'Read whose a name is',
    description:
      'Before you register a name that may be taken, or when a registration is refused because of its name. You get the owner and those who share it.',
    operationId: 'getName',
  })
  @ApiResponse({ status: 200, type: NameResponse, description: 'The name' })
  @ApiErrors(1001, 1004)
  get(@CurrentCaller() caller: Caller, @Param() { name }: NameParam): Promise<NameResponse> {
    return this.names.get(caller, name);
  }

  @Put(':name/shared-with')
  @Authenticated('skill:manage')
  @ApiOperation({
    summary: 'Say who may register Skills of a name beside its owner',
    description:
      'When several teams run Skills of one name. You get the name as it is now. For the owner and admins. Skills of clients that share it no more stay, and are not called by the name.',
    operationId: 'shareName',
  })
  @ApiResponse({ status: 200, type: NameResponse, description: 'The name as it is now' })
  @ApiErrors(1001, 1004)
  share(
    @CurrentCaller() caller: Caller,
    @Param() { name }: NameParam,
    @Body() body: ShareNameBody,
  ): Promise<NameResponse> {
    return this.names.share(caller, name, body);
  }

  @Post(':name/transfer')
  @Authenticated('client:manage')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give a name to another client',
    description:
      "When another team takes over. You get the name as it is now. Its owner's Skills of the name go with it; they keep their ids and their leases.",
    operationId: 'transferName',
  })
  @ApiResponse({ status: 200, type: NameResponse, description: 'The name as it is now' })
  @ApiErrors(1001, 1004, 1006, 1010)
  transfer(
    @CurrentCaller() caller: Caller,
    @Param() { name }: NameParam,
    @Body() body: TransferNameBody,
  ): Promise<NameResponse> {
    return this.names.transfer(caller, name, body);
  }

  @Delete(':name')
  @Authenticated('client:manage')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Free a name that no Skill has any more, at once',
    description:
      'When nobody will use a name again. You get an empty answer. With the ids that its Skills had. Without this, both stay with their former owner for REGISTRY_NAME_HOLD.',
    operationId: 'freeName',
  })
  @ApiResponse({ status: 204, description: 'Anybody may claim it' })
  @ApiErrors(1001, 1004, 1006)
  free(@CurrentCaller() caller: Caller, @Param() { name }: NameParam): Promise<void> {
    return this.names.free(caller, name);
  }
}
