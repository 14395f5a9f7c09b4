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

/** A value of at most `maxLength` characters, in OpenAPI. */
const valueSchemas = (maxLength: number) => [
  { type: 'string', maxLength },
  {
    type: 'object',
    required: ['value', 'secret'],
    properties: { value: { type: 'string', maxLength }, secret: { type: 'boolean', enum: [true] } },
    additionalProperties: false,
  },
];

/** The values of a map in OpenAPI. */
export const MAP_VALUE_SCHEMAS = valueSchemas(VALUE_MAX);

export interface SecretMapOptions extends FieldOptions {
  maxEntries: number;
  /** The most characters of values that may be longer than others, by key. */
  longer?: Readonly<Record<string, number>>;
}

/** An object of values, of which those written as `{"value": "...", "secret": true}` are stored encrypted. */
export function SecretMapField(options: SecretMapOptions): PropertyDecorator {
  const { maxEntries, longer = {} } = options;
  const longerValues = Object.entries(longer).map(([key, max]) => [key, { oneOf: valueSchemas(max) }]);
  return applyDecorators(
    ApiProperty({
      description:
        options.description ?? `A value {"value": "...", "secret": true} is stored encrypted and answered as ${MASK}`,
      example: options.example,
      selfRequired: false,
      type: 'object',
      ...(longerValues.length > 0 && { properties: Object.fromEntries(longerValues) as object }),
      additionalProperties: { oneOf: MAP_VALUE_SCHEMAS },
      propertyNames: { minLength: 1, maxLength: KEY_MAX },
      maxProperties: maxEntries,
    } as ApiPropertyOptions),
    ValidateIf((_, value) => value !== undefined),
    ValidateBy({
      name: 'isSecretMap',
      validator: {
        validate: (value) => checkMap(value, maxEntries, longer) === undefined,
        defaultMessage: (args) => checkMap(args?.value, maxEntries, longer) ?? '',
      },
    }),
    // Keeps the object: class-transformer would copy it key by key.
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
  );
}

function checkMap(map: unknown, maxEntries: number, longer: Readonly<Record<string, number>>): string | undefined {
  if (!isObject(map)) return 'must be an object of string values';
  if (hasMoreKeys(map, maxEntries)) return `must have at most ${maxEntries} entries`;
  return joinedReasons(entryReasons(map, longer));
}

function* entryReasons(map: Record<string, unknown>, longer: Readonly<Record<string, number>>): Generator<string> {
  for (const [key, value] of Object.entries(map)) {
    const keyFault = textFault(key, 1, KEY_MAX);
    const valueFault = checkValue(value, Object.hasOwn(longer, key) ? longer[key] : VALUE_MAX);
    if (keyFault) yield `the key "${key.slice(0, KEY_MAX)}" ${keyFault}`;
    if (valueFault) yield `the value of "${key.slice(0, KEY_MAX)}" ${valueFault}`;
  }
}

function checkValue(value: unknown, max = VALUE_MAX): string | undefined {
  if (!isObject(value)) return textFault(value, 0, max);
  const { value: text, secret } = value;
  if (secret !== true || hasMoreKeys(value, 2)) return 'must be text, or {"value": text, "secret": true}';
  return textFault(text, 0, max);
}
