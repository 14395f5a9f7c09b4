import { ApiProperty } from '@nestjs/swagger';
import { type Health, HEALTHS, PROBE_RESULTS, type ProbeResult, SkillIdProperty, SkillUuidProperty } from '#skills';

export class CheckedEndpointResponse {
  @ApiProperty({ format: 'uuid', example: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e11' })
  endpoint_id: string;

  @ApiProperty({ example: 'http://localhost:8001' })
  url: string;

  @ApiProperty({
    type: String,
    enum: PROBE_RESULTS,
    enumName: 'ProbeResult',
    nullable: true,
    example: 'healthy',
    description: 'The result of this probe; null if it was not made in time: try again',
  })
  result: ProbeResult | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why it is not healthy' })
  reason: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 12, description: 'Milliseconds' })
  latency_ms: number | null;

  @ApiProperty({
    enum: HEALTHS,
    enumName: 'Health',
    example: 'healthy',
    description: 'Health of the endpoint after the probe: decided by its lease, or by several probes in a row',
  })
  health: Health;
}

export class SkillCheckResponse {
  @SkillIdProperty()
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ type: () => CheckedEndpointResponse, isArray: true, description: 'Its active endpoints' })
  endpoints: CheckedEndpointResponse[];
}
