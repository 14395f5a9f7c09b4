import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsNumber,
  IsUUID,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { REQUIRED } from './fault-list.js';
import { IsText } from './text.js';

/**
 * Field decorators: each describes a field of a payload once, for validation, transformation and OpenAPI.
 * A field is required unless `required: false`. `null` is refused like any other wrong value.
 */
export interface FieldOptions {
  description?: string;
  example?: unknown;
  required?: boolean;
}

export function field(
  options: FieldOptions,
  schema: ApiPropertyOptions,
  ...validators: PropertyDecorator[]
): PropertyDecorator {
  const required = options.required ?? true;
  return applyDecorators(
    ApiProperty({
      description: options.description,
      example: options.example,
      // For a schema of type object, `required` names its properties.
      ...(schema.type === 'object' ? { selfRequired: required } : { required }),
      ...schema,
    } as ApiPropertyOptions),
    ...(required ? [IsDefined({ message: REQUIRED })] : [ValidateIf((_, value) => value !== undefined)]),
    ...validators,
  );
}

/** Text of `min` (1) to `max` code points. */
export function TextField(options: FieldOptions & { max: number; min?: number }): PropertyDecorator {
  const min = options.min ?? 1;
  return field(options, { type: String, minLength: min, maxLength: options.max }, IsText(min, options.max));
}

/** Characters of a version (AI Bridge v0.6.0, data model: skills.version). */
const VERSION_MAX = 32;
/** A version of Semantic Versioning 2.0.0. Each of the first three numbers has up to 15 digits: npm calculates with no more. */
export const SEMVER_PATTERN =
  /^(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

export function SemverField(options: FieldOptions = {}): PropertyDecorator {
  const isSemver = (value: unknown): boolean =>
    typeof value === 'string' && value.length <= VERSION_MAX && SEMVER_PATTERN.test(value);
  return field(
    {
      description: 'Semantic version (2.0.0): MAJOR.MINOR.PATCH, with a prerelease and build metadata if there are any',
      example: '1.0.0',
      ...options,
    },
    { type: String, pattern: SEMVER_PATTERN.source, maxLength: VERSION_MAX },
    ValidateBy({
      name: 'semver',
      validator: {
        validate: isSemver,
        defaultMessage: () =>
          `must be a semantic version of at most ${VERSION_MAX} characters, such as 1.0.0 or 1.0.0-rc.1`,
      },
    }),
  );
}

/** In lower case, as PostgreSQL writes it: one id has one spelling, in caches too. */
export function UuidField(options: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    field(options, { type: String, format: 'uuid' }, IsUUID('all', { message: 'must be a UUID' })),
    Transform(({ value }) => (typeof value === 'string' ? value.toLowerCase() : (value as unknown))),
  );
}

export function EnumField(values: readonly string[], options: FieldOptions & { name: string }): PropertyDecorator {
  return field(
    options,
    { enum: [...values], enumName: options.name },
    IsIn([...values], { message: `must be one of ${values.join(', ')}` }),
  );
}

/** Whole number from `min` to `max`. In a query string (`query: true`) digits are read as a number. */
export function IntegerField(
  options: FieldOptions & { min: number; max: number; default?: number; query?: boolean },
): PropertyDecorator {
  const { min, max } = options;
  return applyDecorators(
    field(
      options,
      { type: 'integer', minimum: min, maximum: max, default: options.default },
      IsInt({ message: 'must be a whole number' }),
      Min(min, { message: `must not be under ${min}` }),
      Max(max, { message: `must not be over ${max}` }),
    ),
    ...(options.query
      ? [
          Transform(({ value }) =>
            typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : (value as unknown),
          ),
        ]
      : []),
  );
}

/** A finite number from `min` to `max`, whole or not. */
export function NumberField(options: FieldOptions & { min: number; max: number }): PropertyDecorator {
  const { min, max } = options;
  return field(
    options,
    { type: 'number', minimum: min, maximum: max },
    IsNumber({ allowNaN: false, allowInfinity: false }, { message: 'must be a number' }),
    Min(min, { message: `must not be under ${min}` }),
    Max(max, { message: `must not be over ${max}` }),
  );
}

/** A list of `min` to `max` objects of one class, each checked on its own. */
export function ListField(
  type: () => new () => object,
  options: FieldOptions & { min?: number; max: number },
): PropertyDecorator {
  const min = options.min ?? 0;
  return applyDecorators(
    field(
      options,
      // Swagger takes a function for a reference to a class only when its name is "type".
      { type: () => type(), isArray: true, minItems: min, maxItems: options.max },
      IsArray({ message: 'must be an array' }),
      ArrayMinSize(min, { message: `must have at least ${min} item(s)` }),
      ArrayMaxSize(options.max, { message: `must have at most ${options.max} items` }),
      ValidateNested({ each: true, message: 'must be an object' }),
      // ValidateNested also validates lists inside the list.
      ValidateBy({
        name: 'noLists',
        validator: {
          validate: (value) => !Array.isArray(value) || !value.some(Array.isArray),
          defaultMessage: () => 'must hold objects',
        },
      }),
    ),
    Type(type),
  );
}
