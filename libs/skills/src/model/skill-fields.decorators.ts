import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { type FieldOptions, hasMoreKeys, hasMoreValues, isObject, joinedReasons, textFault } from '#common';
import { Transform } from 'class-transformer';
import { IsDefined, ValidateBy, ValidateIf, type ValidationArguments } from 'class-validator';
import { PARAMETER_TYPES, type ParameterType } from './capability.entity.js';
import { endpointUrlFault, readScheme, URL_MAX } from './endpoint-url.js';

/** Characters of the default of a parameter, as JSON. */
const DEFAULT_MAX = 512;
const PARAMETERS_MAX = 100;

export function EndpointUrlField({
  required = true,
  description = 'Address of the endpoint',
}: FieldOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ example: 'http://localhost:8001', format: 'uri', maxLength: URL_MAX, description, required }),
    required ? IsDefined({ message: 'is required' }) : ValidateIf((_, value) => value !== undefined),
    ValidateBy({
      name: 'endpointUrl',
      validator: {
        validate: (value) => endpointUrlFault(value) === undefined,
        defaultMessage: (args) => endpointUrlFault(args?.value) ?? '',
      },
    }),
  );
}

/** Refuses a protocol that the URL of the same endpoint contradicts. */
export function AgreesWithUrl(): PropertyDecorator {
  const agrees = (value: unknown, args?: ValidationArguments): boolean => {
    const url = (args?.object as { url?: unknown } | undefined)?.url;
    return typeof url !== 'string' || endpointUrlFault(url) !== undefined || readScheme(url) === value;
  };
  return ValidateBy({
    name: 'agreesWithUrl',
    validator: { validate: agrees, defaultMessage: () => 'must agree with the scheme of the url' },
  });
}

/**
 * Refuses a list in which two items have the same value of a key, or with `same` values for which it returns the same. Items
 * without it do not count.
 */
export function UniqueBy(key: string, same = (value: string): string => value): PropertyDecorator {
  return ValidateBy({
    name: `uniqueBy ${key}`,
    validator: {
      validate: (value) => {
        if (!Array.isArray(value) || value.length < 2) return true;
        const keys = value.flatMap((item) => (item as Record<string, unknown> | null)?.[key] ?? []);
        return new Set(keys.map((found) => (typeof found === 'string' ? same(found) : found))).size === keys.length;
      },
      defaultMessage: () => `must not repeat a ${key}`,
    },
  });
}

/** A declared parameter in JSON (AI Bridge v0.6.0, Skill interface: capability parameters). */
export interface ParameterDeclaration {
  type: ParameterType;
  required: boolean;
  default?: unknown;
  description: string;
}

/** `{param1: {type, required, default?, description}}` */
export function ParameterDeclarationsField({ description, example }: FieldOptions): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ description, example, selfRequired: false, type: 'object', ...PARAMETER_DECLARATIONS_SCHEMA }),
    ValidateIf((_, value) => value !== undefined),
    ValidateBy({
      name: 'parameterDeclarations',
      validator: {
        validate: (value) => declarationsFault(value) === undefined,
        defaultMessage: (args) => declarationsFault(args?.value) ?? '',
      },
    }),
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
  );
}

export const PARAMETER_DECLARATIONS_SCHEMA = {
  maxProperties: PARAMETERS_MAX,
  additionalProperties: {
    type: 'object',
    required: ['type'],
    properties: {
      type: { type: 'string', enum: [...PARAMETER_TYPES] },
      required: { type: 'boolean', description: 'false by default' },
      default: { description: 'A value of the type; at most 512 characters as JSON' },
      description: { type: 'string', maxLength: 255 },
    },
    additionalProperties: false,
  },
};

function declarationsFault(value: unknown): string | undefined {
  if (!isObject(value)) return 'must be an object of parameter declarations';
  if (hasMoreKeys(value, PARAMETERS_MAX)) return `must have at most ${PARAMETERS_MAX} entries`;
  return joinedReasons(declarationsReasons(value));
}

function* declarationsReasons(declarations: Record<string, unknown>): Generator<string> {
  for (const [name, declaration] of Object.entries(declarations)) {
    const nameFault = textFault(name, 1, 64);
    if (nameFault) yield `a parameter's name ${nameFault}`;
    yield* declarationReasons(name.slice(0, 64), declaration);
  }
}

const DECLARATION_KEYS = new Set(['type', 'required', 'default', 'description']);

function* declarationReasons(label: string, value: unknown): Generator<string> {
  if (!isObject(value)) {
    yield `${label} must be an object with a type`;
    return;
  }
  for (const key in value) if (!DECLARATION_KEYS.has(key)) yield `${label}.${key.slice(0, 64)} is unknown`;
  const { type, required, default: given, description } = value;
  const knownType = (PARAMETER_TYPES as readonly unknown[]).includes(type);
  if (!knownType) yield `${label}.type must be one of ${PARAMETER_TYPES.join(', ')}`;
  if (required !== undefined && typeof required !== 'boolean') yield `${label}.required must be true or false`;
  const descriptionFault = description === undefined ? undefined : textFault(description, 0, 255);
  if (descriptionFault) yield `${label}.description ${descriptionFault}`;
  if (given !== undefined) {
    if (knownType && !isOfType(given, type as ParameterType))
      yield `${label}.default must be of the type ${type as string}`;
    const defaultFault = checkDefault(given);
    if (defaultFault) yield `${label}.default ${defaultFault}`;
  }
}

function checkDefault(value: unknown): string | undefined {
  // Each value takes at least one character: this finds most defaults that are too long without serializing them.
  if (hasMoreValues(value, DEFAULT_MAX)) return `must have at most ${DEFAULT_MAX} characters`;
  return textFault(JSON.stringify(value), 0, DEFAULT_MAX) ?? jsonFault(value);
}

/** Why a JSON value cannot be stored unchanged, or undefined. Escapes in JSON text hide NUL and lone surrogates. */
function jsonFault(value: unknown): string | undefined {
  if (typeof value === 'string') return textFault(value, 0, 512);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'must hold finite numbers';
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const fault = textFault(key, 0, 512) ?? jsonFault(item);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isOfType(value: unknown, type: ParameterType): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
  }
}
