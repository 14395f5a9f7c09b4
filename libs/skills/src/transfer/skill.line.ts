import { OmitType } from '@nestjs/swagger';
import { IntegerField, ListField, textFault, TextField, TimeField, UuidField } from '#common';
import { ValidateBy, ValidateIf } from 'class-validator';
import { CapabilityBody, MAX_PARTS, ReplaceSkillBody, StoredEndpointBody } from '../model/skill.dto.js';
import { UniqueBy } from '../model/skill-fields.decorators.js';

/** No file may use up the sequence. At 1,000 registrations a second, it takes 30 years to get there. */
const MAX_GENERATION = 1e12;
const MAX_PARAMETERS = 50;

/** Keys of secret values. The file does not contain the values. */
function SecretKeysField(max: number): PropertyDecorator {
  const fault = (value: unknown): string | undefined => {
    if (!Array.isArray(value)) return 'must be an array of keys';
    if (value.length > max) return `must have at most ${max} items`;
    const faults = value.flatMap((key: unknown) => textFault(key, 1, 64) ?? []);
    return faults[0] === undefined ? undefined : `each key ${faults[0]}`;
  };
  return (target, property) => {
    ValidateIf((_, value) => value !== undefined)(target, property);
    ValidateBy({
      name: 'secretKeys',
      validator: {
        validate: (value) => fault(value) === undefined,
        defaultMessage: (args) => fault(args?.value) ?? '',
      },
    })(target, property);
  };
}

export class EndpointLine extends StoredEndpointBody {
  @UuidField({ required: false })
  endpoint_id?: string;

  @SecretKeysField(MAX_PARAMETERS)
  secret_parameters?: string[];
}

/** Older releases accepted other names. */
export class CapabilityLine extends OmitType(CapabilityBody, ['name', 'category'] as const) {
  @TextField({ max: 255 })
  name: string;

  @TextField({ max: 64, required: false })
  category?: string;

  @UuidField({ required: false })
  capability_id?: string;
}

/** A Skill in an export: the body of a PUT, with the same checks, and the fields that the registry sets (docs/adr/0023). */
export class SkillLine extends OmitType(ReplaceSkillBody, ['name', 'endpoints', 'capabilities'] as const) {
  @TextField({ max: 255 })
  name: string;

  @UuidField()
  skill_id: string;

  @TextField({ max: 255 })
  owner: string;

  @IntegerField({ min: 0, max: MAX_GENERATION })
  generation: number;

  @TimeField({ required: false })
  deprecated_since?: string;

  @TimeField()
  registered_at: string;

  @TimeField()
  created_at: string;

  @TimeField()
  updated_at: string;

  @ListField(() => EndpointLine, { min: 1, max: MAX_PARTS })
  @UniqueBy('url')
  endpoints: EndpointLine[];

  @ListField(() => CapabilityLine, { max: MAX_PARTS, required: false })
  @UniqueBy('name')
  capabilities?: CapabilityLine[];

  @SecretKeysField(MAX_PARTS)
  secret_metadata?: string[];

  @IntegerField({ min: 0, max: Number.MAX_SAFE_INTEGER, required: false })
  request_count?: number;

  @IntegerField({ min: 0, max: Number.MAX_SAFE_INTEGER, required: false })
  error_count?: number;

  /** Calls that the registry routed. */
  @IntegerField({ min: 0, max: Number.MAX_SAFE_INTEGER, required: false })
  routed_count?: number;

  @IntegerField({ min: 0, max: Number.MAX_SAFE_INTEGER, required: false })
  routed_errors?: number;
}
