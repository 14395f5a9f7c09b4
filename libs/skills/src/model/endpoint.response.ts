import { ApiProperty } from '@nestjs/swagger';
import { SCALAR_SCHEMAS, type ScalarValue } from '../secrets/index.js';
import {
  ENDPOINT_PROTOCOLS,
  ENDPOINT_STATUSES,
  type EndpointProtocol,
  type EndpointStatus,
  type Health,
  HEALTHS,
} from './endpoint.entity.js';

export class EndpointResponse {
  @ApiProperty({ format: 'uuid', example: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e11' })
  endpoint_id: string;

  @ApiProperty({ example: 'http://localhost:8001' })
  url: string;

  @ApiProperty({ enum: ENDPOINT_PROTOCOLS, enumName: 'EndpointProtocol', example: 'http' })
  protocol: EndpointProtocol;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  weight: number;

  @ApiProperty({ enum: ENDPOINT_STATUSES, enumName: 'EndpointStatus', example: 'active' })
  status: EndpointStatus;

  @ApiProperty({ enum: HEALTHS, enumName: 'Health', example: 'healthy' })
  health: Health;

  @ApiProperty({
    type: 'object',
    additionalProperties: { oneOf: [...SCALAR_SCHEMAS] },
    example: { health_path: '/health', timeout_ms: 5000 },
  })
  parameters: Record<string, ScalarValue>;
}
