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
  @ApiOperation({ summary: 'List executions', operationId: 'listExecutions' })
  @ApiErrors(1001)
  list(@CurrentCaller() caller: Caller, @Query() query: ListExecutionsQuery): Promise<ExecutionPageResponse> {
    return this.executions.list(caller, query);
  }

  @Get(':execution_id')
  @Authenticated('command:execute')
  @ProtocolRoute(ExecutionDetailsResponse)
  @ApiOperation({ summary: 'Read an execution', operationId: 'getExecution' })
  @ApiErrors(1001, 1010)
  get(@CurrentCaller() caller: Caller, @Param() { execution_id }: ExecutionIdParam): Promise<ExecutionDetailsResponse> {
    return this.executions.get(caller, execution_id);
  }

  @Post(':execution_id/cancel')
  @Authenticated('command:execute')
  @ProtocolRoute(ExecutionDetailsResponse)
  @ApiOperation({ summary: 'Cancel an execution that is not finished', operationId: 'cancelExecution' })
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
  @ApiOperation({ summary: 'Deliver a dead or delivered callback again', operationId: 'redeliverCallback' })
  @ApiErrors(1001, 1006, 1010)
  redeliver(
    @CurrentCaller() caller: Caller,
    @Param() { execution_id }: ExecutionIdParam,
  ): Promise<ExecutionDetailsResponse> {
    return this.executions.redeliver(caller, execution_id);
  }
}
