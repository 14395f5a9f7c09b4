import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  type ApiPropertyOptions,
  getSchemaPath,
} from '@nestjs/swagger';
import type { IndicatorResult, IndicatorStatus } from './health-indicator.js';

export class CheckResponse implements IndicatorResult {
  @ApiProperty({ enum: ['up', 'degraded', 'down'], enumName: 'IndicatorStatus', example: 'up' })
  status: IndicatorStatus;

  @ApiPropertyOptional({ example: 'no answer within 1000 ms', description: 'Why the status is not up' })
  reason?: string;
}

export type Checks = Record<string, CheckResponse>;

const checksSchema: ApiPropertyOptions = {
  type: 'object',
  additionalProperties: { $ref: getSchemaPath(CheckResponse) },
  description: 'Results of the checks, by name',
  example: { database: { status: 'up' }, redis: { status: 'down', reason: 'no answer within 1000 ms' } },
};

/** The protocol's health response (AI Bridge v0.6.0, deployment guide 5.3), with the state of each indicator. */
@ApiExtraModels(CheckResponse)
export class HealthResponse {
  @ApiProperty({ enum: ['healthy', 'unhealthy', 'warning'], enumName: 'HealthStatus', example: 'healthy' })
  status: 'healthy' | 'unhealthy' | 'warning';

  @ApiProperty({ example: '0.6.0' })
  version: string;

  @ApiProperty({ example: 3600.25, description: 'Seconds since this process started' })
  uptime: number;

  @ApiProperty({ format: 'date-time', example: '2026-01-18T00:00:00.000Z' })
  timestamp: string;

  @ApiProperty(checksSchema)
  checks: Checks;
}

export class LiveResponse {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status: 'ok';
}

@ApiExtraModels(CheckResponse)
export class ReadyResponse {
  @ApiProperty({ enum: ['ready', 'not_ready'], enumName: 'Readiness', example: 'ready' })
  status: 'ready' | 'not_ready';

  @ApiPropertyOptional({ example: 'draining', description: 'Why the service is not ready, if no check shows it' })
  reason?: string;

  @ApiProperty(checksSchema)
  checks: Checks;
}
