import type { IncomingHttpHeaders } from 'node:http';
import { Body, Controller, Headers, Inject, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, type Caller, CurrentCaller } from '#auth';
import { ApiErrors, BatchRoute, ConnectionClosed, ExactJson, ProtocolRoute } from '#common';
import { type CommandsSettings, commandsSettings } from '#config';
import { deprecationHeaders } from '#skills';
import type { FastifyReply } from 'fastify';
import { BatchCommandsBody, ExecuteCommandBody, PASSED_ON } from './command.dto.js';
import { type PassedHeaders, passedHeaders } from './calls/passed-headers.js';
import { CommandsService } from './commands.service.js';
import { AcceptedRoute, answerAccepted, asksForAsync, readWait } from './respond-async.js';
import { BatchResponse, ExecutionResponse } from './executions/execution.response.js';

/** Calls of Skills (AI Bridge v0.6.0, Skill interface). */
@ApiTags('commands')
@Controller('commands')
export class CommandsController {
  constructor(
    private readonly commands: CommandsService,
    @Inject(commandsSettings.KEY) private readonly settings: Pick<CommandsSettings, 'forwardHeaders'>,
  ) {}

  @Post('execute')
  @Authenticated('command:execute')
  @ProtocolRoute(ExecutionResponse)
  @AcceptedRoute(ExecutionResponse)
  @ExactJson({ members: PASSED_ON })
  @ApiOperation({
    summary: 'Call a Skill',
    description:
      'To use a Skill: name a capability, and the registry chooses a Skill and an endpoint that work. You get the result; with `callback_url` or `Prefer: respond-async` 202 at once, and the result later.',
    operationId: 'executeCommand',
  })
  @ApiErrors(1001, 1004, 1005, 2003, 2004, 2006)
  async execute(
    @CurrentCaller() caller: Caller,
    @Body() body: ExecuteCommandBody,
    @Headers() headers: IncomingHttpHeaders,
    @ConnectionClosed() closed: AbortSignal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ExecutionResponse> {
    const prefer = headers.prefer as string | undefined;
    const { execution, isUnderWay, deprecation, retryAfter } = await this.commands.execute(caller, body, {
      headers: this.passedOn(headers),
      closed,
      respondAsync: asksForAsync(prefer),
      waitMs: readWait(prefer),
    });
    void reply.headers(deprecationHeaders(deprecation));
    if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
    if (isUnderWay) answerAccepted(reply, execution.execution_id, prefer);
    return execution;
  }

  @Post('batch')
  @Authenticated('command:execute')
  @ProtocolRoute(BatchResponse)
  @BatchRoute({ list: 'commands', itemsPerRequest: 1 })
  @ExactJson({ list: 'commands', members: PASSED_ON })
  @ApiOperation({
    summary: 'Call Skills, many at once',
    description: 'To make up to 100 calls with one request. You get one result for each, in the order of the request.',
    operationId: 'executeCommands',
  })
  @ApiErrors(1001)
  executeBatch(
    @CurrentCaller() caller: Caller,
    @Body() body: BatchCommandsBody,
    @Headers() headers: IncomingHttpHeaders,
    @ConnectionClosed() closed: AbortSignal,
  ): Promise<BatchResponse> {
    return this.commands.executeBatch(caller, body, { headers: this.passedOn(headers), closed });
  }

  private passedOn(headers: IncomingHttpHeaders): PassedHeaders {
    return passedHeaders(headers, this.settings.forwardHeaders);
  }
}
