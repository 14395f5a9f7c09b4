import { ApiProperty } from '@nestjs/swagger';
import { LeaseResponse, SkillUuidProperty } from '#skills';

const SKILL_ID = '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10';

export class HeartbeatResponse {
  @ApiProperty({ example: 'weather-skill-001', description: 'The id in the request' })
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ type: () => LeaseResponse })
  lease: LeaseResponse;

  @ApiProperty({
    example: 28.713,
    description: 'Seconds until the next heartbeat is due. Varies a little at random, so that heartbeats spread out',
  })
  interval: number;

  @ApiProperty({ type: 'integer', example: 1, description: 'Generation of the registration that was renewed' })
  generation: number;

  @ApiProperty({ format: 'date-time', example: '2026-01-18T00:00:00.000Z' })
  server_time: string;
}

export const HEARTBEAT_STATUSES = ['ok', 'unknown', 'stale'] as const;
export type HeartbeatStatus = (typeof HEARTBEAT_STATUSES)[number];

export class HeartbeatResult {
  @ApiProperty({ example: 'weather-skill-001', description: 'The id in the request' })
  skill_id: string;

  @ApiProperty({ format: 'uuid', required: false, example: SKILL_ID, description: 'The UUID, if skill_id is none' })
  id?: string;

  @ApiProperty({
    enum: HEARTBEAT_STATUSES,
    enumName: 'HeartbeatStatus',
    example: 'ok',
    description: 'unknown: register again. stale: a newer registration has taken over, so stop',
  })
  status: HeartbeatStatus;

  @ApiProperty({ type: 'integer', required: false, example: 1004, description: 'Error code, if the status is not ok' })
  code?: number;

  @ApiProperty({ required: false, example: 'Skill does not exist' })
  message?: string;
}

export class HeartbeatsResponse {
  @ApiProperty({ type: () => HeartbeatResult, isArray: true, description: 'One result for each heartbeat, in order' })
  results: HeartbeatResult[];

  @ApiProperty({ type: () => LeaseResponse, description: 'The lease of the heartbeats that are ok' })
  lease: LeaseResponse;

  @ApiProperty({ example: 28.713, description: 'Seconds until the next heartbeats are due' })
  interval: number;

  @ApiProperty({ format: 'date-time', example: '2026-01-18T00:00:00.000Z' })
  server_time: string;
}
