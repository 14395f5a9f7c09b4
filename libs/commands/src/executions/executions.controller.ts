import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, PageRoute, ProtocolRoute } from '#common';
import { ExecutionIdParam, ListExecutionsQuery } from '../command.dto.js';
import { ExecutionDetailsResponse, ExecutionPageResponse } from './execution.response.js';
import { ExecutionsService } from './executions.service.js';

/** Reads, cancels and lists executions. */
@ApiTags('commands')
@Controller('commands/executions')
export class ExecutionsController {
  constructor(private readonly executions: ExecutionsService) {}

  @Get()
  @Authenticated('command:execute')
  @PageRoute(ExecutionPageResponse)
  @ApiOperation({
    summary: 'List executions',
    description:
      'To look for calls: failed ones, those of a Skill, those of a time. You get them newest first, without results.',
    operationId: 'listExecutions',
  })
  @ApiErrors(1001)
  list(@CurrentCaller() caller: Caller, @Query() query: ListExecutionsQuery): Promise<ExecutionPageResponse> {
    return this.executions.list(caller, query);
  }

  @Get(':execution_id')
  @Authenticated('command:execute')
  @ProtocolRoute(ExecutionDetailsResponse)
  @ApiOperation({
    summary: 'Read an execution',
    description:
      'To get the outcome of an asynchronous call, or to see how a call went. You get the result, the error, and each try.',
    operationId: 'getExecution',
  })
  @ApiErrors(1001, 1010)
  get(@CurrentCaller() caller: Caller, @Param() { execution_id }: ExecutionIdParam): Promise<ExecutionDetailsResponse> {
    return this.executions.get(caller, execution_id);
  }

  @Post(':execution_id/cancel')
  @Authenticated('command:execute')
  @ProtocolRoute(ExecutionDetailsResponse)
  @ApiOperation({
    summary: 'Cancel an execution that is not finished',
    description:
      'When the result is not needed any more. You get the execution as it is now; a finished one stays as it is.',
    operationId: 'cancelExecution',
  })
  @ApiErrors(1001, 1010)
  cancel(
    @CurrentCaller() caller: Caller,
    @Param() { execution_id }: ExecutionIdParam,
  ): Promise<ExecutionDetailsResponse> {
    return this.executions.cancel(caller, execution_id);
  }

  @Post(':execution_id/callback')
  @Authenticated('command:execute')
  @ProtocolRoute(ExecutionDetailsResponse)
  @ApiOperation({
    summary: 'Deliver a dead or delivered callback again',
    description:
      'After the receiver of callbacks was broken. You get the execution; its callback is pending again. A pending one stays as it is.',
    operationId: 'redeliverCallback',
  })
  @ApiErrors(1001, 1006, 1010)
  redeliver(
    @CurrentCaller() caller: Caller,
    @Param() { execution_id }: ExecutionIdParam,
  ): Promise<ExecutionDetailsResponse> {
    return this.executions.redeliver(caller, execution_id);
  }
}
