import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import {
  canonicalUrl,
  EnumField,
  ExternalIdField,
  IdentifierField,
  IntegerField,
  ListField,
  NameField,
  SemverField,
  SkillIdField,
  TextField,
} from '#common';
import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import { CAPABILITY_STATUSES, type CapabilityStatus } from './capability.entity.js';
import {
  ENDPOINT_PROTOCOLS,
  ENDPOINT_STATUSES,
  type EndpointProtocol,
  type EndpointStatus,
  type Health,
  HEALTHS,
} from './endpoint.entity.js';
import { SendableParameters, UsableParameters } from './endpoint-parameters.decorator.js';
import { TLS_CA_MAX } from './endpoint-parameters.js';
import {
  MAP_VALUE_SCHEMAS,
  type ParameterMap,
  type SecretMap,
  SecretMapField,
  type SecretValue,
} from '../secrets/index.js';
import { AgreesWithUrl, EndpointUrlField, UniqueBy } from './skill-fields.decorators.js';
import type { JsonSchema } from '#json-schema';
import {
  ExamplesField,
  JsonSchemaField,
  type NestedDeclaration,
  ParameterDeclarationsField,
} from '../schemas/index.js';
import { DEPRECATED_EXAMPLE, DEPRECATED_SCHEMAS, type Deprecated, DeprecatedField } from './deprecation.js';
import { SKILL_STATUSES, type SkillStatus } from './skill.entity.js';
import { TAGS_SCHEMA, TagsField } from './tags.js';

export const MAX_BATCH = 1000;
/** Endpoints, capabilities and keys of metadata that one Skill may have, each, in one body and in total. */
export const MAX_PARTS = 500;
const MAX_WEIGHT = 1_000_000;
const PARAMETER_LIMITS = { maxEntries: 50, scalars: true, longer: { tls_ca: TLS_CA_MAX } };

export class EndpointBody {
  @EndpointUrlField()
  url: string;

  @EnumField(ENDPOINT_PROTOCOLS, {
    name: 'EndpointProtocol',
    required: false,
    example: 'http',
    description: "The url's scheme by default",
  })
  @AgreesWithUrl()
  protocol?: EndpointProtocol;

  @IntegerField({
    min: 1,
    max: MAX_WEIGHT,
    required: false,
    example: 1,
    description: 'Share of the calls, 1 by default',
  })
  weight?: number;

  @EnumField(ENDPOINT_STATUSES, { name: 'EndpointStatus', required: false, example: 'active' })
  status?: EndpointStatus;

  @EnumField(HEALTHS, {
    name: 'Health',
    required: false,
    example: 'healthy',
    description: 'Health until a heartbeat or a probe says otherwise',
  })
  health?: Health;

  @SecretMapField({ ...PARAMETER_LIMITS, example: { health_path: '/health', timeout_ms: 5000 } })
  @UsableParameters()
  parameters?: ParameterMap;
}

/** An endpoint as an older release may have stored it. */
export class StoredEndpointBody extends OmitType(EndpointBody, ['parameters'] as const) {
  @SecretMapField(PARAMETER_LIMITS)
  @SendableParameters()
  parameters?: ParameterMap;
}

/** In commands, the version follows the name and an @. */
function scopeFault(name: string): string | undefined {
  return /^(@[^@/]+\/)?[^@]+$/u.test(name) ? undefined : 'must not contain @, except in a leading @scope/';
}

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

/** POST /skills/ (deployment guide 5.2). */
export class CreateSkillBody {
  @NameField({
    max: 255,
    extra: scopeFault,
    pattern: String.raw`^(@[^@/\s]+/)?[^@\s]([^@]*[^@\s])?$`,
    example: 'weather-skill',
    description: 'Without outer blanks and invisible characters; @ only in a leading @scope/',
  })
  name: string;

  @TextField({ min: 0, max: 1024, required: false, example: 'Weather forecast skill' })
  description?: string;

  @SemverField()
  version: string;

  @ListField(() => EndpointBody, { min: 1, max: MAX_PARTS, description: 'Where the Skill can be called' })
  @UniqueBy('url', canonicalUrl)
  endpoints: EndpointBody[];

  @ListField(() => CapabilityBody, { max: MAX_PARTS, required: false, description: 'What the Skill can do' })
  @UniqueBy('name')
  @UniqueBy('capability_id')
  capabilities?: CapabilityBody[];

  @SecretMapField({ maxEntries: MAX_PARTS, example: { region: 'eu' } })
  metadata?: SecretMap;

  @TagsField()
  tags?: string[];

  @EnumField(HEALTHS, {
    name: 'Health',
    required: false,
    example: 'healthy',
    description: 'The health of endpoints in this body that state none',
  })
  health?: Health;

  @DeprecatedField('Callers should use another Skill: it is shown as deprecated and comes last, but can be called')
  deprecated?: Deprecated;

  @IdentifierField({
    required: false,
    example: 'building-7',
    description: 'The Space that it lives in. A client that is limited to Spaces names one of them, if it has several',
  })
  space_id?: string;
}

/** POST /skills/register */
export class RegisterSkillBody extends CreateSkillBody {
  @ExternalIdField({
    required: false,
    example: 'weather-skill-001',
    description:
      'An id of your choice, unique in the registry, or a UUID; made up when absent. A known Skill keeps the id that it has',
  })
  skill_id?: string;
}

/** PUT /skills/{skill_id}: removes every field that the body leaves out. */
export class ReplaceSkillBody extends CreateSkillBody {
  @EnumField(SKILL_STATUSES, { name: 'SkillStatus', required: false, example: 'active' })
  status?: SkillStatus;
}

/** PATCH /skills/{skill_id}: RFC 7396; null removes, a list is replaced as a whole. */
export class PatchSkillBody extends PartialType(
  OmitType(ReplaceSkillBody, ['description', 'capabilities', 'metadata', 'tags', 'deprecated', 'space_id'] as const),
) {
  @ApiProperty({ type: String, nullable: true, required: false, maxLength: 1024, description: 'null empties it' })
  description?: string | null;

  @ApiProperty({
    type: () => CapabilityBody,
    isArray: true,
    nullable: true,
    required: false,
    maxItems: MAX_PARTS,
    description: 'Replaced as a whole; null removes all',
  })
  capabilities?: CapabilityBody[] | null;

  @ApiProperty({
    type: 'object',
    nullable: true,
    selfRequired: false,
    additionalProperties: { oneOf: [{ type: 'null' }, ...MAP_VALUE_SCHEMAS] } as object,
    example: { region: 'us', tier: null },
    description: 'Merged by key; null removes a key, or all',
  })
  metadata?: Record<string, string | SecretValue | null> | null;

  @ApiProperty({
    ...TAGS_SCHEMA,
    example: ['weather', 'eu'],
    nullable: true,
    required: false,
    description: 'Replaced as a whole; null removes all',
  })
  tags?: string[] | null;

  @ApiProperty({
    nullable: true,
    required: false,
    oneOf: DEPRECATED_SCHEMAS,
    example: DEPRECATED_EXAMPLE,
    description: 'Merged; null: it is no longer deprecated',
  })
  deprecated?: Deprecated | null;

  @ApiProperty({
    type: String,
    nullable: true,
    required: false,
    maxLength: 64,
    pattern: '^[A-Za-z0-9._-]{1,64}$',
    description: 'null takes it out of its Space',
  })
  space_id?: string | null;
}

/** POST /skills/batch; each item is checked on its own, so that one bad item fails alone. */
export class BatchRegisterBody {
  @ApiProperty({ type: () => RegisterSkillBody, isArray: true, minItems: 1, maxItems: MAX_BATCH })
  @IsArray({ message: 'must be an array' })
  @ArrayMinSize(1, { message: 'must have at least 1 item' })
  @ArrayMaxSize(MAX_BATCH, { message: `must have at most ${MAX_BATCH} items` })
  skills: unknown[];
}

export class ChangeSkillStatusBody {
  @EnumField(SKILL_STATUSES, { name: 'SkillStatus', example: 'maintenance' })
  status: SkillStatus;
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

/** The id of a Skill, turned into its UUID. */
export class SkillIdParam {
  @SkillIdField({ example: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10', description: 'Id of the Skill' })
  skill_id: string;
}

/** The id of a Skill as the request has it. */
export class GivenSkillIdParam {
  @ExternalIdField({ example: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10', description: 'Id of the Skill' })
  skill_id: string;
}

export class CapabilityIdParam {
  @ExternalIdField({ example: '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e12', description: 'Id of the capability' })
  capability_id: string;
}

/** A Skill's name and version as one key for maps. No name contains NUL. */
export function keyOf({ name, version }: { name: string; version: string }): string {
  return `${name}\u0000${version}`;
}
