import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import {
  canonicalUrl,
  EnumField,
  ExternalIdField,
  IdentifierField,
  ListField,
  NameField,
  SemverField,
  SkillIdField,
  TextField,
} from '#common';
import { ArrayMaxSize, ArrayMinSize, IsArray } from 'class-validator';
import { MAP_VALUE_SCHEMAS, type SecretMap, SecretMapField, type SecretValue } from '../secrets/index.js';
import { CapabilityBody } from './capability.dto.js';
import { DEPRECATED_EXAMPLE, DEPRECATED_SCHEMAS, type Deprecated, DeprecatedField } from './deprecation.js';
import { EndpointBody } from './endpoint.dto.js';
import { type Health, HEALTHS } from './endpoint.entity.js';
import { UniqueBy } from './skill-fields.decorators.js';
import { SKILL_STATUSES, type SkillStatus } from './skill.entity.js';
import { TAGS_SCHEMA, TagsField } from './tags.js';

export const MAX_BATCH = 1000;
/** Endpoints, capabilities and keys of metadata that one Skill may have, each, in one body and in total. */
export const MAX_PARTS = 500;

/** In commands, the version follows the name and an @. */
function scopeFault(name: string): string | undefined {
  return /^(@[^@/]+\/)?[^@]+$/u.test(name) ? undefined : 'must not contain @, except in a leading @scope/';
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

/** The id of a Skill, turned into its UUID. */
export class SkillIdParam {
  @SkillIdField({ example: 'weather', description: 'Id of the Skill' })
  skill_id: string;
}

/** The id of a Skill as the request has it. */
export class GivenSkillIdParam {
  @ExternalIdField({ example: 'weather', description: 'Id of the Skill' })
  skill_id: string;
}

/** A Skill's name and version as one key for maps. No name contains NUL. */
export function keyOf({ name, version }: { name: string; version: string }): string {
  return `${name}\u0000${version}`;
}
