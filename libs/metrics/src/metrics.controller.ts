import { Public } from '#common';
import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { METRICS_CONTENT_TYPE } from './metric-registry.js';
import { MetricsService } from './metrics.service.js';

/** Prometheus scrapes it. Public like the probes: keep it from the internet if that matters to you. */
@Public()
@ApiTags('operations')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get()
  @Header('content-type', METRICS_CONTENT_TYPE)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    description: 'For Prometheus, every 15 to 60 seconds. You get counters, gauges and histograms of this replica.',
    operationId: 'metrics',
    summary: "Metrics in Prometheus' text format",
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'Every metric of this process',
    schema: { type: 'string', example: '# TYPE http_server_active_requests gauge\nhttp_server_active_requests 1\n' },
  })
  read(): Promise<string> {
    return this.metrics.render();
  }
}
