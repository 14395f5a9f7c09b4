import { ApiProperty } from '@nestjs/swagger';
import { PageResponse } from '#common';
import type { JsonSchema } from '#json-schema';
import { PARAMETER_DECLARATIONS_SCHEMA, type ParameterDeclaration } from '../schemas/index.js';
import { CAPABILITY_STATUSES, type CapabilityStatus } from './capability.entity.js';
import { DEPRECATED_SCHEMAS, type Deprecated } from './deprecation.js';
import { CapabilityIdProperty, CapabilityUuidProperty, SkillIdProperty } from './id-properties.decorators.js';

const TIME = '2026-01-18T00:00:00.000Z';

export class CapabilityResponse {
  @CapabilityIdProperty()
  capability_id: string;

  @CapabilityUuidProperty()
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

export class ListedCapabilityResponse extends CapabilityResponse {
  @ApiProperty({ oneOf: DEPRECATED_SCHEMAS, example: false, description: 'Whether its Skill is deprecated' })
  deprecated: Deprecated;
}

export class CapabilityPageResponse extends PageResponse {
  @ApiProperty({ type: () => ListedCapabilityResponse, isArray: true })
  capabilities: ListedCapabilityResponse[];
}

export class CapabilityStatusChangedResponse {
  @CapabilityIdProperty()
  capability_id: string;

  @CapabilityUuidProperty()
  id: string;

  @ApiProperty({ enum: CAPABILITY_STATUSES, enumName: 'CapabilityStatus', example: 'disabled' })
  status: CapabilityStatus;

  @ApiProperty({ format: 'date-time', example: TIME })
  updated_at: string;
}
