import { ApiProperty } from '@nestjs/swagger';
import { PageResponse } from '#common';
import { CapabilityResponse } from './capability.response.js';
import { DEPRECATED_SCHEMAS, type Deprecated, type Deprecation } from './deprecation.js';
import { EndpointResponse } from './endpoint.response.js';
import { SkillIdProperty, SkillUuidProperty } from './id-properties.decorators.js';
import { SKILL_STATUSES, type SkillStatus } from './skill.entity.js';
import { type WarningResponse, WarningsField } from './warning.response.js';

const TIME = '2026-01-18T00:00:00.000Z';

export class SkillResponse {
  @SkillIdProperty()
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ example: 'weather-skill' })
  name: string;

  @ApiProperty({ example: 'Weather forecast skill' })
  description: string;

  @ApiProperty({ example: '1.0.0' })
  version: string;

  @ApiProperty({ enum: SKILL_STATUSES, enumName: 'SkillStatus', example: 'active' })
  status: SkillStatus;

  @ApiProperty({ example: 'admin', description: 'The client that registered it' })
  owner: string;

  @ApiProperty({ type: String, nullable: true, example: 'building-7', description: 'The Space that it lives in' })
  space_id: string | null;

  @ApiProperty({
    oneOf: DEPRECATED_SCHEMAS,
    example: false,
    description: 'What its owner says of it, or true; false: it is not deprecated',
  })
  deprecated: Deprecated;

  @ApiProperty({ type: 'integer', example: 1, description: 'Rises with every registration' })
  generation: number;

  @ApiProperty({ type: () => EndpointResponse, isArray: true })
  endpoints: EndpointResponse[];

  @ApiProperty({ type: () => CapabilityResponse, isArray: true })
  capabilities: CapabilityResponse[];

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { region: 'eu' } })
  metadata: Record<string, string>;

  @ApiProperty({ type: [String], example: ['weather', 'eu'] })
  tags: string[];

  @ApiProperty({ format: 'date-time', example: TIME })
  registered_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: TIME })
  last_heartbeat: string | null;

  @ApiProperty({ format: 'date-time', example: TIME })
  created_at: string;

  @ApiProperty({ format: 'date-time', example: TIME })
  updated_at: string;

  /** Only in answers to a write. */
  @WarningsField()
  warnings?: WarningResponse[];
}

/** A Skill and the ETag of this state of it. */
export interface TaggedSkill {
  skill: SkillResponse;
  etag: string;
  /** Null or absent: it is not deprecated. */
  deprecation?: Deprecation | null;
}

export class ExplanationResponse {
  @SkillIdProperty()
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ example: 'weather-skill' })
  name: string;

  @ApiProperty({
    example: 'status is maintenance; http://localhost:8001: unhealthy, its lease ended at 2026-01-18T00:00:00.000Z',
  })
  reason: string;
}

export class DiscoverResponse extends PageResponse {
  @ApiProperty({ type: () => SkillResponse, isArray: true })
  skills: SkillResponse[];

  @ApiProperty({
    type: () => ExplanationResponse,
    isArray: true,
    required: false,
    description: 'With explain=true: Skills that nearly matched, and why they were left out',
  })
  explain?: ExplanationResponse[];
}

export class SkillStatusChangedResponse {
  @SkillIdProperty()
  skill_id: string;

  @SkillUuidProperty()
  id: string;

  @ApiProperty({ enum: SKILL_STATUSES, enumName: 'SkillStatus', example: 'maintenance' })
  status: SkillStatus;

  @ApiProperty({ format: 'date-time', example: TIME })
  updated_at: string;
}
