import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, BatchRoute, ProtocolRoute } from '#common';
import { BatchCommandsBody, ExecuteCommandBody } from './command.dto.js';
import { CommandsService } from './commands.service.js';
import { BatchResponse, ExecutionResponse } from './execution.response.js';

/** Calls of Skills (AI Bridge v0.6.0, Skill interface). */
@ApiTags('commands')
@Controller('commands')
export class CommandsController {
  constructor(private readonly commands: CommandsService) {}

  @Post('execute')
  @Authenticated('command:execute')
  @ProtocolRoute(ExecutionResponse)
  @ApiOperation({ summary: 'Call a Skill', operationId: 'executeCommand' })
  @ApiErrors(1001, 1004, 1005, 2003, 2004, 2006)
  execute(@CurrentCaller() caller: Caller, @Body() body: ExecuteCommandBody): Promise<ExecutionResponse> {
    return this.commands.execute(caller, body);
  }

  @Post('batch')
  @Authenticated('command:execute')
  @ProtocolRoute(BatchResponse)
  @BatchRoute({ list: 'commands', itemsPerRequest: 1 })
  @ApiOperation({ summary: 'Call Skills, many at once', operationId: 'executeCommands' })
  @ApiErrors(1001)
  executeBatch(@CurrentCaller() caller: Caller, @Body() body: BatchCommandsBody): Promise<BatchResponse> {
    return this.commands.executeBatch(caller, body);
  }
}
