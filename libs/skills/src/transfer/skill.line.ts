import { OmitType } from '@nestjs/swagger';
import {
  ExternalIdField,
  IntegerField,
  ListField,
  pickExternalId,
  textFault,
  TextField,
  TimeField,
  UuidField,
} from '#common';
import { ValidateBy, ValidateIf } from 'class-validator';
import { CapabilityBody } from '../model/capability.dto.js';
import { StoredEndpointBody } from '../model/endpoint.dto.js';
import { MAX_PARTS, ReplaceSkillBody } from '../model/skill.dto.js';
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
export class CapabilityLine extends OmitType(CapabilityBody, ['capability_id', 'name', 'category'] as const) {
  @TextField({ max: 255 })
  name: string;

  @TextField({ max: 64, required: false })
  category?: string;

  @UuidField({ required: false })
  capability_id?: string;

  @ExternalIdField({ required: false })
  external_id?: string;
}

/** The body of a capability, whose `capability_id` is the external id. */
export function toCapabilityBody({ capability_id: _, external_id, ...capability }: CapabilityLine): CapabilityBody {
  return { ...capability, ...(external_id !== undefined && { capability_id: external_id }) };
}

/** Refuses an external id from which another UUID is derived. */
function GivesSkillId(): PropertyDecorator {
  return ValidateBy({
    name: 'givesSkillId',
    validator: {
      validate: (value, args) =>
        typeof value !== 'string' || pickExternalId((args?.object as SkillLine).skill_id, value) === value,
      defaultMessage: () => 'must be the external id from which skill_id is derived',
    },
  });
}

/** A Skill in an export: the body of a PUT, with the same checks, and the fields that the registry sets (docs/adr/0023). */
export class SkillLine extends OmitType(ReplaceSkillBody, ['name', 'endpoints', 'capabilities'] as const) {
  @TextField({ max: 255 })
  name: string;

  @UuidField()
  skill_id: string;

  @ExternalIdField({ required: false })
  @GivesSkillId()
  external_id?: string;

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
  @UniqueBy('external_id')
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
