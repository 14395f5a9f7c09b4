import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { v5 } from 'uuid';
import { field, type FieldOptions } from './field.decorators.js';
import { textFault } from './text.js';

/** Characters of an id (AI Bridge v0.6.0, Skill interface: `skill_id`, `capability_id`). */
const MAX = 64;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CONTROL = /\p{Cc}/u;
/** The namespace of external ids. Another value would give every external id another UUID. */
const NAMESPACE = '7b1c2e0c-52a5-4c2d-9d0e-6f1f4a3c8e21';

export function isUuid(id: string): boolean {
  return UUID.test(id);
}

/** An id as answers show it: a UUID in lower case, as PostgreSQL writes it; any other id as the client chose it, in NFC. */
export function canonicalId(id: string): string {
  return isUuid(id) ? id.toLowerCase() : id.normalize();
}

/**
 * The UUID of a Skill: the id itself, or the one that its external id gives (RFC 9562, version 5). The same external id has
 * the same UUID in every replica and at any time, so nothing has to be looked up (docs/adr/0041).
 */
export function toSkillUuid(id: string): string {
  return isUuid(id) ? id.toLowerCase() : v5(id.normalize(), NAMESPACE);
}

/** The external id among the ids of a Skill: the given one, if it is no UUID and belongs to this UUID; otherwise null. */
export function pickExternalId(uuid: string, given: string | undefined): string | null {
  return given !== undefined && !isUuid(given) && toSkillUuid(given) === uuid ? given : null;
}

/** Why a text cannot be an id, or undefined. */
function idFault(value: unknown): string | undefined {
  const fault = textFault(value, 1, MAX);
  if (fault !== undefined) return fault;
  return CONTROL.test(value as string) ? 'must not contain control characters' : undefined;
}

function idField(options: FieldOptions, transform: (id: string) => string): PropertyDecorator {
  return applyDecorators(
    field(
      options,
      { type: String, minLength: 1, maxLength: MAX },
      ValidateBy({
        name: 'isId',
        validator: {
          validate: (value) => idFault(value) === undefined,
          defaultMessage: (args) => idFault(args?.value) ?? '',
        },
      }),
    ),
    Transform(({ value }) => (idFault(value) === undefined ? transform(value as string) : (value as unknown))),
  );
}

/** An id that the client chooses: a UUID, or any text of 1 to 64 characters without control characters. */
export function ExternalIdField(options: FieldOptions = {}): PropertyDecorator {
  return idField(options, canonicalId);
}

/** The id of a Skill in either form. The value is always the UUID. */
export function SkillIdField(options: FieldOptions = {}): PropertyDecorator {
  return idField(options, toSkillUuid);
}
