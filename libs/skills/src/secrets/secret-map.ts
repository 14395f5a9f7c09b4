import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { type FieldOptions, hasMoreKeys, isObject, joinedReasons, textFault } from '#common';
import { Transform } from 'class-transformer';
import { ValidateBy, ValidateIf } from 'class-validator';

/** Stands for a secret value in every answer. A client that sends it back keeps the stored value. */
export const MASK = '***';
const KEY_MAX = 64;
const VALUE_MAX = 512;

export interface SecretValue {
  value: string;
  secret: true;
}

/** Values by key: metadata, and parameters of endpoints. */
export type SecretMap = Record<string, string | SecretValue>;

/** Returns the values that are not secret. */
export function omitSecrets(map: Readonly<SecretMap>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

export function hasSecret(map: Readonly<SecretMap> | undefined): boolean {
  return Object.values(map ?? {}).some((value) => typeof value !== 'string');
}

/** The map with each secret replaced by the mask. */
export function maskedMap(map: Readonly<SecretMap>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, typeof value === 'string' ? value : MASK]));
}

/** Whether the value keeps the stored secret, if there is one. */
export function isMask(value: string | SecretValue): boolean {
  return (typeof value === 'string' ? value : value.value) === MASK;
}

const SECRET_VALUE_SCHEMA = {
  type: 'object',
  required: ['value', 'secret'],
  properties: {
    value: { type: 'string', maxLength: VALUE_MAX },
    secret: { type: 'boolean', enum: [true] },
  },
  additionalProperties: false,
} as const;

/** The values of a map in OpenAPI. */
export const MAP_VALUE_SCHEMAS = [{ type: 'string', maxLength: VALUE_MAX }, SECRET_VALUE_SCHEMA] as const;

/** An object of values, of which those written as `{"value": "...", "secret": true}` are stored encrypted. */
export function SecretMapField(options: FieldOptions & { maxEntries: number }): PropertyDecorator {
  const { maxEntries } = options;
  return applyDecorators(
    ApiProperty({
      description:
        options.description ?? `A value {"value": "...", "secret": true} is stored encrypted and answered as ${MASK}`,
      example: options.example,
      selfRequired: false,
      type: 'object',
      additionalProperties: { oneOf: [...MAP_VALUE_SCHEMAS] },
      propertyNames: { minLength: 1, maxLength: KEY_MAX },
      maxProperties: maxEntries,
    } as ApiPropertyOptions),
    ValidateIf((_, value) => value !== undefined),
    ValidateBy({
      name: 'isSecretMap',
      validator: {
        validate: (value) => checkMap(value, maxEntries) === undefined,
        defaultMessage: (args) => checkMap(args?.value, maxEntries) ?? '',
      },
    }),
    // Keeps the object: class-transformer would copy it key by key.
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
  );
}

function checkMap(map: unknown, maxEntries: number): string | undefined {
  if (!isObject(map)) return 'must be an object of string values';
  if (hasMoreKeys(map, maxEntries)) return `must have at most ${maxEntries} entries`;
  return joinedReasons(entryReasons(map));
}

function* entryReasons(map: Record<string, unknown>): Generator<string> {
  for (const [key, value] of Object.entries(map)) {
    const keyFault = textFault(key, 1, KEY_MAX);
    const valueFault = checkValue(value);
    if (keyFault) yield `the key "${key.slice(0, KEY_MAX)}" ${keyFault}`;
    if (valueFault) yield `the value of "${key.slice(0, KEY_MAX)}" ${valueFault}`;
  }
}

function checkValue(value: unknown): string | undefined {
  if (!isObject(value)) return textFault(value, 0, VALUE_MAX);
  const { value: text, secret } = value;
  if (secret !== true || hasMoreKeys(value, 2)) return 'must be text, or {"value": text, "secret": true}';
  return textFault(text, 0, VALUE_MAX);
}
