import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { CheckedBy, isDateTime, isObject, joinedReasons, textFault } from '#common';
import { Transform } from 'class-transformer';
import { ValidateIf } from 'class-validator';

/** What the owner of a deprecated Skill says of it. */
export interface DeprecationNotice {
  message?: string;
  /** Name of a Skill, optionally with `@` and a range. */
  replaced_by?: string;
  /** ISO 8601: from then on it may be gone. */
  sunset?: string;
}

/** Whether a Skill is deprecated, as bodies and answers write it. */
export type Deprecated = boolean | DeprecationNotice;

/** A deprecation as it is stored. */
export interface Deprecation extends DeprecationNotice {
  /** ISO 8601. */
  since: string;
}

const MESSAGE_MAX = 1024;
/** A name of 255 characters, and a range of 64. */
const REPLACED_BY_MAX = 320;

const CHECKS: Readonly<Record<keyof DeprecationNotice, (value: unknown) => string | undefined>> = {
  message: (value) => textFault(value, 1, MESSAGE_MAX),
  replaced_by: (value) => textFault(value, 1, REPLACED_BY_MAX),
  sunset: (value) =>
    isDateTime(value) ? undefined : 'must be a date and time with its offset (ISO 8601), such as 2027-01-18T00:00:00Z',
};

export const DEPRECATED_SCHEMAS = [
  { type: 'boolean' },
  {
    type: 'object',
    properties: {
      message: { type: 'string', minLength: 1, maxLength: MESSAGE_MAX },
      replaced_by: { type: 'string', minLength: 1, maxLength: REPLACED_BY_MAX },
      sunset: { type: 'string', format: 'date-time' },
    },
    additionalProperties: false,
  },
];

export const DEPRECATED_EXAMPLE = { message: 'It no longer gets data', replaced_by: 'weather-skill@^2' };

/** `true`, `false` or `{message?, replaced_by?, sunset?}`. */
export function DeprecatedField(description: string): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ description, required: false, oneOf: DEPRECATED_SCHEMAS, example: DEPRECATED_EXAMPLE }),
    ValidateIf((_, value) => value !== undefined),
    CheckedBy('deprecated', deprecatedFault),
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
  );
}

function deprecatedFault(value: unknown): string | undefined {
  if (typeof value === 'boolean') return undefined;
  if (!isObject(value)) return 'must be true, false or an object with message, replaced_by and sunset';
  return joinedReasons(deprecatedReasons(value));
}

function* deprecatedReasons(notice: Record<string, unknown>): Generator<string> {
  for (const key in notice) {
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key as keyof DeprecationNotice] : undefined;
    const fault = check ? check(notice[key]) : 'is unknown';
    if (fault !== undefined) yield `${key.slice(0, 64).toWellFormed()} ${fault}`;
  }
}

/** As JSON for the column; null: it is not deprecated. */
export function storedDeprecation(deprecated: Deprecated | undefined, since = new Date().toISOString()): string | null {
  if (deprecated === undefined || deprecated === false) return null;
  return JSON.stringify({ ...(deprecated === true ? {} : deprecated), since });
}

/** SQL: the new value of `s.deprecation`. A Skill that is deprecated already keeps the time since when. */
export function mergedDeprecation(json: string): string {
  return `${json}::jsonb || COALESCE(s.deprecation - '{message,replaced_by,sunset}'::text[], '{}')`;
}

/** The deprecation as its owner wrote it. */
export function shownDeprecated(stored: Deprecation | null): Deprecated {
  if (stored === null) return false;
  const { since: _, ...notice } = stored;
  return Object.keys(notice).length > 0 ? notice : true;
}

/** `Deprecation` (RFC 9745) and `Sunset` (RFC 8594). */
export function deprecationHeaders(stored: Deprecation | null | undefined): Record<string, string> {
  if (!stored) return {};
  const { since, sunset } = stored;
  return {
    deprecation: `@${Math.floor(Date.parse(since) / 1000)}`,
    ...(sunset !== undefined && { sunset: new Date(sunset).toUTCString() }),
  };
}
