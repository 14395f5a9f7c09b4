import {
  ENDPOINT_STATUSES,
  type EndpointStatus,
  type Health,
  HEALTHS,
  LeaseResponse,
  PROBE_RESULTS,
  type ProbeResult,
  SKILL_STATUSES,
  SkillIdProperty,
  type SkillStatus,
  SkillUuidProperty,
} from '#skills';
import { ApiProperty } from '@nestjs/swagger';

const TIME = '2026-01-18T00:00:00.000Z';

export class ProbeResponse {
  @ApiProperty({ enum: PROBE_RESULTS, enumName: 'ProbeResult', example: 'healthy' })
  result: ProbeResult;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why the result is not healthy' })
  reason: string | null;

  @ApiProperty({ format: 'date-time', example: TIME })
  probed_at: string;

  @ApiProperty({ type: 'integer', example: 12, description: 'Milliseconds' })
  latency_ms: number;
}

export class EndpointStatusResponse {
  @ApiProperty({ format: 'uuid', example: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e11' })
  endpoint_id: string;

  @ApiProperty({ example: 'http://localhost:8001' })
  url: string;

  @ApiProperty({ enum: ENDPOINT_STATUSES, enumName: 'EndpointStatus', example: 'active' })
  status: EndpointStatus;

  @ApiProperty({ enum: HEALTHS, enumName: 'Health', example: 'healthy' })
  health: Health;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 1,
    description: 'Generation of its last registration; null if it never registered',
  })
  generation: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: TIME })
  last_heartbeat: string | null;

  @ApiProperty({
    type: () => LeaseResponse,
    nullable: true,
    description: 'null if the lease has ended, or if the endpoint never had one',
  })
  lease: LeaseResponse | null;

  @ApiProperty({
    type: () => ProbeResponse,
    nullable: true,
    description: 'The last probe; null if there was none',
  })
  probe: ProbeResponse | null;
}

export class SkillStatusResponse {
  @SkillIdProperty()
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ enum: SKILL_STATUSES, enumName: 'SkillStatus', example: 'active' })
  status: SkillStatus;

  @ApiProperty({
    enum: HEALTHS,
    enumName: 'Health',
    example: 'healthy',
    description:
      'Health of its active endpoints: unhealthy if all are unhealthy, healthy if all are healthy, otherwise warning',
  })
  health: Health;

  @ApiProperty({
    type: 'integer',
    example: 3600,
    description: 'Seconds since the oldest registration whose lease has not ended; 0 if there is none',
  })
  uptime: number;

  @ApiProperty({ type: 'integer', example: 0 })
  request_count: number;

  @ApiProperty({ type: 'integer', example: 0 })
  error_count: number;

  @ApiProperty({ type: Number, nullable: true, example: 12.5, description: 'Percent, as reported by its members' })
  cpu_usage: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 40, description: 'Percent, as reported by its members' })
  memory_usage: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: TIME })
  last_heartbeat: string | null;

  @ApiProperty({ type: () => EndpointStatusResponse, isArray: true })
  endpoints: EndpointStatusResponse[];
}
