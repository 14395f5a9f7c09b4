import { Public } from '#common';
import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { HealthResponse, LiveResponse, ReadyResponse } from './health.response.js';
import { HealthService } from './health.service.js';

/** Probes: public, and never cached. */
@Public()
@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(private readonly service: HealthService) {}

  @Get('health')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    description:
      'For people and dashboards. You get the state of the database, Redis, the lease store and more, one by one. Probes use /livez and /readyz.',
    operationId: 'health',
    summary: 'Health of the service and its dependencies',
  })
  @ApiOkResponse({ description: 'Healthy, or a warning', type: HealthResponse })
  @ApiServiceUnavailableResponse({ description: 'Unhealthy', type: HealthResponse })
  async health(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    return withStatus(reply, await this.service.health(), 'unhealthy');
  }

  @Get('livez')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    description:
      'For the liveness probe of an orchestrator: restart the process if it fails. It looks at no dependency.',
    operationId: 'livez',
    summary: 'Check that the process is alive, and nothing else',
  })
  @ApiOkResponse({ description: 'The process is alive', type: LiveResponse })
  livez(): LiveResponse {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    description:
      'For the readiness probe and load balancers. It is 503 while the service starts, drains, or cannot reach PostgreSQL.',
    operationId: 'readyz',
    summary: 'Whether to send requests to this instance',
  })
  @ApiOkResponse({ description: 'Ready', type: ReadyResponse })
  @ApiServiceUnavailableResponse({ description: 'Not ready, or shutting down', type: ReadyResponse })
  async readyz(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadyResponse> {
    return withStatus(reply, await this.service.readiness(), 'not_ready');
  }
}

/** An unhealthy state is a normal response with status 503, not an error of the catalogue. */
function withStatus<T extends { status: string }>(reply: FastifyReply, answer: T, unavailable: T['status']): T {
  if (answer.status === unavailable) void reply.status(503);
  return answer;
}
