import { EnumField, ExternalIdField, NameField, SemverField, SkillIdField, TextField } from '#common';
import type { JsonSchema } from '#json-schema';
import {
  ExamplesField,
  JsonSchemaField,
  type NestedDeclaration,
  ParameterDeclarationsField,
} from '../schemas/index.js';
import { CAPABILITY_STATUSES, type CapabilityStatus } from './capability.entity.js';

export class CapabilityBody {
  @ExternalIdField({
    required: false,
    example: 'forecast-1',
    description: 'An id of your choice, unique in the Skill; a known capability keeps its id when absent',
  })
  capability_id?: string;

  @NameField({ max: 255, example: 'forecast' })
  name: string;

  @TextField({ min: 0, max: 1024, required: false, example: 'Weather forecast for a city' })
  description?: string;

  @NameField({ max: 64, required: false, example: 'weather' })
  category?: string;

  @SemverField({ required: false, description: "The Skill's version by default" })
  version?: string;

  @EnumField(CAPABILITY_STATUSES, { name: 'CapabilityStatus', required: false, example: 'enabled' })
  status?: CapabilityStatus;

  @ParameterDeclarationsField({
    description: 'What a call takes, by name',
    example: { city: { type: 'string', required: true, description: 'Name of the city' } },
  })
  parameters?: Record<string, NestedDeclaration>;

  @JsonSchemaField({
    isInput: true,
    description:
      'JSON Schema (2020-12) of the parameters, at most 64 KiB and 32 levels, with references into itself only. It decides calls',
    example: {
      type: 'object',
      properties: { city: { type: 'string', description: 'Name of the city' } },
      required: ['city'],
      additionalProperties: false,
    },
  })
  input_schema?: JsonSchema;

  @JsonSchemaField({
    description: 'JSON Schema of the result. A result that does not fit is logged and counted, and the caller gets it',
    example: { type: 'object', properties: { celsius: { type: 'number' } }, required: ['celsius'] },
  })
  output_schema?: JsonSchema;

  @ExamplesField({
    description: 'Sentences in which users would ask for it',
    example: ['What will the weather be in Berlin tomorrow?'],
  })
  examples?: string[];
}

export class ChangeCapabilityStatusBody {
  @SkillIdField({
    required: false,
    description: 'The Skill of the capability: needed if several Skills have a capability with this id',
  })
  skill_id?: string;

  @EnumField(CAPABILITY_STATUSES, { name: 'CapabilityStatus', example: 'disabled' })
  status: CapabilityStatus;
}

export class CapabilityIdParam {
  @ExternalIdField({ example: 'weather.forecast', description: 'Id of the capability' })
  capability_id: string;
}
