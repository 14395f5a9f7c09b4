import { EnumField, ExternalIdField, IntegerField, NumberField } from '#common';
import { EndpointUrlField, type Health, HEALTHS } from '#skills';
import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';

export const MAX_HEARTBEATS = 1000;
/** A thousand years, in seconds. */
const MAX_UPTIME = 31_557_600_000;

/** POST /skills/{skill_id}/heartbeat; everything is optional (protocol.md section 5). */
export class HeartbeatBody {
  @EndpointUrlField({ required: false, description: 'The endpoint to renew. If absent, all endpoints of the Skill' })
  endpoint_url?: string;

  @IntegerField({
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    required: false,
    example: 1,
    description: 'Generation of the registration. Refused with 1006 if there is a newer one',
  })
  generation?: number;

  @EnumField(HEALTHS, {
    name: 'Health',
    required: false,
    example: 'healthy',
    description: 'Health that the member reports. Default: healthy',
  })
  health?: Health;

  @NumberField({
    min: 0,
    max: MAX_UPTIME,
    required: false,
    example: 3600,
    description: 'Seconds since the member started',
  })
  uptime?: number;

  @IntegerField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    required: false,
    example: 1024,
    description: 'Requests served',
  })
  request_count?: number;

  @IntegerField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    required: false,
    example: 3,
    description: 'Requests that failed',
  })
  error_count?: number;

  @NumberField({ min: 0, max: 100, required: false, example: 12.5, description: 'CPU usage in percent' })
  cpu_usage?: number;

  @NumberField({ min: 0, max: 100, required: false, example: 40, description: 'Memory usage in percent' })
  memory_usage?: number;
}

/** One heartbeat of POST /heartbeats. */
export class HeartbeatItem extends HeartbeatBody {
  @ExternalIdField({ example: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10', description: 'Id of the Skill' })
  skill_id: string;
}

/** POST /heartbeats. The items are validated in portions, so that a thousand of them do not block other requests. */
export class HeartbeatsBody {
  @ApiProperty({ type: () => HeartbeatItem, isArray: true, minItems: 1, maxItems: MAX_HEARTBEATS })
  @IsArray({ message: 'must be an array' })
  @ArrayMinSize(1, { message: 'must have at least 1 item' })
  @ArrayMaxSize(MAX_HEARTBEATS, { message: `must have at most ${MAX_HEARTBEATS} items` })
  heartbeats: unknown[];
}
