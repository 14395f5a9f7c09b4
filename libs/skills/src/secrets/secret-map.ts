import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { CheckedBy, type FieldOptions, hasMoreKeys, isObject, joinedReasons, textFault } from '#common';
import { Transform } from 'class-transformer';
import { ValidateIf } from 'class-validator';

/** Stands for a secret value in every answer. A client that sends it back keeps the stored value. */
export const MASK = '***';
const KEY_MAX = 64;
const VALUE_MAX = 512;

export interface SecretValue<Value = string> {
  value: Value;
  secret: true;
}

/** Values by key. */
export type SecretMap<Value = string> = Record<string, Value | SecretValue<Value>>;

export type ScalarValue = string | number | boolean;
/** Parameters of an endpoint. Their values keep their types. */
export type ParameterMap = SecretMap<ScalarValue>;

export function hasSecret(map: Readonly<ParameterMap> | undefined): boolean {
  return Object.values(map ?? {}).some((value) => typeof value === 'object');
}

/** The map with each secret replaced by the mask. */
export function maskedMap<Value extends ScalarValue>(map: Readonly<SecretMap<Value>>): Record<string, Value | string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, typeof value === 'object' ? MASK : value]));
}

/** Whether the value keeps the stored secret, if there is one. */
export function isMask(value: ParameterMap[string]): boolean {
  return (typeof value === 'object' ? value.value : value) === MASK;
}

const textSchema = (maxLength: number) => ({ type: 'string', maxLength });
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;
/** A parameter in OpenAPI. */
export const SCALAR_SCHEMAS = [
  textSchema(VALUE_MAX),
  { type: 'number', minimum: -INTEGER_MAX, maximum: INTEGER_MAX },
  { type: 'boolean' },
];

/** A value, and the same as a secret, in OpenAPI. */
const valueSchemas = (schemas: readonly object[]) => [
  ...schemas,
  {
    type: 'object',
    required: ['value', 'secret'],
    properties: { value: { oneOf: schemas }, secret: { type: 'boolean', enum: [true] } },
    additionalProperties: false,
  },
];

/** The values of a map in OpenAPI. */
export const MAP_VALUE_SCHEMAS = valueSchemas([textSchema(VALUE_MAX)]);

interface ValueLimits {
  /** The most characters of values that may be longer than others, by key. */
  longer?: Readonly<Record<string, number>>;
  /** Whether values can be numbers and booleans. */
  scalars?: boolean;
}

export interface SecretMapOptions extends FieldOptions, ValueLimits {
  maxEntries: number;
}

/** An object of values, of which those written as `{"value": "...", "secret": true}` are stored encrypted. */
export function SecretMapField(options: SecretMapOptions): PropertyDecorator {
  const { maxEntries, longer = {}, scalars = false } = options;
  const longerValues = Object.entries(longer).map(([key, max]) => [key, { oneOf: valueSchemas([textSchema(max)]) }]);
  return applyDecorators(
    ApiProperty({
      description:
        options.description ?? `A value {"value": "...", "secret": true} is stored encrypted and answered as ${MASK}`,
      example: options.example,
      selfRequired: false,
      type: 'object',
      ...(longerValues.length > 0 && { properties: Object.fromEntries(longerValues) as object }),
      additionalProperties: { oneOf: scalars ? valueSchemas(SCALAR_SCHEMAS) : MAP_VALUE_SCHEMAS },
      propertyNames: { minLength: 1, maxLength: KEY_MAX },
      maxProperties: maxEntries,
    } as ApiPropertyOptions),
    ValidateIf((_, value) => value !== undefined),
    CheckedBy('isSecretMap', (value) => checkMap(value, options)),
    // Keeps the object: class-transformer would copy it key by key.
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
  );
}

function checkMap(map: unknown, options: SecretMapOptions): string | undefined {
  const { maxEntries, scalars = false } = options;
  if (!isObject(map)) return `must be an object of ${scalars ? 'values' : 'string values'}`;
  if (hasMoreKeys(map, maxEntries)) return `must have at most ${maxEntries} entries`;
  return joinedReasons(entryReasons(map, options));
}

function* entryReasons(map: Record<string, unknown>, { longer = {}, scalars = false }: ValueLimits): Generator<string> {
  const check = scalars ? checkScalar : checkText;
  for (const [key, value] of Object.entries(map)) {
    const keyFault = textFault(key, 1, KEY_MAX);
    const valueFault = checkValue(value, check, (Object.hasOwn(longer, key) ? longer[key] : undefined) ?? VALUE_MAX);
    if (keyFault) yield `the key "${key.slice(0, KEY_MAX)}" ${keyFault}`;
    if (valueFault) yield `the value of "${key.slice(0, KEY_MAX)}" ${valueFault}`;
  }
}

function checkValue(value: unknown, check: typeof checkText, max: number): string | undefined {
  if (!isObject(value)) return check(value, max);
  if (value.secret !== true || hasMoreKeys(value, 2)) return 'must be text, or {"value": text, "secret": true}';
  return check(value.value, max);
}

function checkText(value: unknown, max: number): string | undefined {
  return textFault(value, 0, max);
}

function checkScalar(value: unknown, max: number): string | undefined {
  if (typeof value === 'boolean') return undefined;
  if (typeof value === 'string') return checkText(value, max);
  if (typeof value !== 'number') return 'must be text, a number or a boolean';
  // Other numbers would come back as their neighbours.
  return Math.abs(value) <= INTEGER_MAX ? undefined : 'must be text, as no such number can be stored exactly';
}
