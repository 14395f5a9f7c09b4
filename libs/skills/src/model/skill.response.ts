import { ApiProperty } from '@nestjs/swagger';
import { PageResponse } from '#common';
import { CAPABILITY_STATUSES, type CapabilityStatus } from './capability.entity.js';
import {
  ENDPOINT_PROTOCOLS,
  ENDPOINT_STATUSES,
  type EndpointProtocol,
  type EndpointStatus,
  type Health,
  HEALTHS,
} from './endpoint.entity.js';
import type { JsonSchema } from '#json-schema';
import { PARAMETER_DECLARATIONS_SCHEMA, type ParameterDeclaration } from '../schemas/index.js';
import { DEPRECATED_SCHEMAS, type Deprecated, type Deprecation } from './deprecation.js';
import { CapabilityIdProperty, SkillIdProperty, UuidProperty } from './id-properties.decorators.js';
import { LeaseResponse } from './lease-terms.js';
import { SKILL_STATUSES, type SkillStatus } from './skill.entity.js';
import { SCALAR_SCHEMAS, type ScalarValue } from '../secrets/index.js';
import { type WarningResponse, WarningsField } from './warning.response.js';

const SKILL_ID = '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10';
const CAPABILITY_ID = '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e12';
const TIME = '2026-01-18T00:00:00.000Z';

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

export class CapabilityResponse {
  @CapabilityIdProperty()
  capability_id: string;

  @UuidProperty(CAPABILITY_ID)
  id: string;

  @SkillIdProperty()
  skill_id: string;

  @ApiProperty({ example: 'forecast' })
  name: string;

  @ApiProperty({ example: 'Weather forecast for a city' })
  description: string;

  @ApiProperty({ type: String, nullable: true, example: 'weather' })
  category: string | null;

  @ApiProperty({ example: '1.0.0' })
  version: string;

  @ApiProperty({ enum: CAPABILITY_STATUSES, enumName: 'CapabilityStatus', example: 'enabled' })
  status: CapabilityStatus;

  @ApiProperty({
    type: 'object',
    ...PARAMETER_DECLARATIONS_SCHEMA,
    example: { city: { type: 'string', required: true, description: 'Name of the city' } },
  })
  parameters: Record<string, ParameterDeclaration>;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    selfRequired: false,
    description:
      'JSON Schema (2020-12) of the parameters: as it was given, or made from `parameters`. Lists of Skills and discovery have it only if it was given and has at most 4 KiB',
    example: {
      type: 'object',
      properties: { city: { type: 'string', description: 'Name of the city' } },
      required: ['city'],
      additionalProperties: false,
    },
  })
  input_schema?: JsonSchema;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    selfRequired: false,
    description: 'JSON Schema of the result, if one was given. In lists of Skills and discovery only up to 4 KiB',
    example: { type: 'object', properties: { celsius: { type: 'number' } }, required: ['celsius'] },
  })
  output_schema?: JsonSchema;

  @ApiProperty({
    type: String,
    isArray: true,
    required: false,
    description: 'Sentences in which users would ask for it, if any were given',
    example: ['What will the weather be in Berlin tomorrow?'],
  })
  examples?: string[];
}

export class SkillResponse {
  @SkillIdProperty()
  skill_id: string;

  @UuidProperty(SKILL_ID)
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

  @UuidProperty(SKILL_ID)
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

export class ListedCapabilityResponse extends CapabilityResponse {
  @ApiProperty({ oneOf: DEPRECATED_SCHEMAS, example: false, description: 'Whether its Skill is deprecated' })
  deprecated: Deprecated;
}

export class CapabilityPageResponse extends PageResponse {
  @ApiProperty({ type: () => ListedCapabilityResponse, isArray: true })
  capabilities: ListedCapabilityResponse[];
}

export class RegisteredResponse {
  @SkillIdProperty()
  skill_id: string;

  @UuidProperty(SKILL_ID)
  id: string;

  @ApiProperty({ enum: ['registered'] })
  status: 'registered';

  @ApiProperty({ format: 'date-time', example: TIME })
  registered_at: string;

  @ApiProperty({ type: 'integer', example: 1, description: 'Rises with every registration; say it in heartbeats' })
  generation: number;

  @ApiProperty({ type: () => LeaseResponse })
  lease: LeaseResponse;

  @ApiProperty({ example: 28.713, description: 'Seconds until the first heartbeat is due' })
  interval: number;

  @WarningsField()
  warnings?: WarningResponse[];
}

export class SkillStatusChangedResponse {
  @SkillIdProperty()
  skill_id: string;

  @UuidProperty(SKILL_ID)
  id: string;

  @ApiProperty({ enum: SKILL_STATUSES, enumName: 'SkillStatus', example: 'maintenance' })
  status: SkillStatus;

  @ApiProperty({ format: 'date-time', example: TIME })
  updated_at: string;
}

export class CapabilityStatusChangedResponse {
  @CapabilityIdProperty()
  capability_id: string;

  @UuidProperty(CAPABILITY_ID)
  id: string;

  @ApiProperty({ enum: CAPABILITY_STATUSES, enumName: 'CapabilityStatus', example: 'disabled' })
  status: CapabilityStatus;

  @ApiProperty({ format: 'date-time', example: TIME })
  updated_at: string;
}

export class BatchRegisteredItemResponse {
  @ApiProperty({ type: 'integer', example: 0, description: 'Place in the request, from 0' })
  index: number;

  @ApiProperty({ enum: ['created', 'updated', 'failed'], example: 'created' })
  status: 'created' | 'updated' | 'failed';

  @SkillIdProperty(false)
  skill_id?: string;

  @UuidProperty(SKILL_ID, false)
  id?: string;

  @ApiProperty({ type: 'integer', required: false, example: 1001, description: 'Error code of a failed item' })
  code?: number;

  @ApiProperty({ required: false, example: 'version must be a semantic version' })
  message?: string;

  @WarningsField()
  warnings?: WarningResponse[];
}

export class BatchRegisteredResponse {
  @ApiProperty({ type: () => BatchRegisteredItemResponse, isArray: true })
  results: BatchRegisteredItemResponse[];
}
