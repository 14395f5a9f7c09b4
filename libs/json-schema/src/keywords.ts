import { isObject } from '#common';

/** Keywords whose value is one schema (JSON Schema 2020-12, applicator and unevaluated vocabularies). */
export const SINGLE = [
  'additionalProperties',
  'propertyNames',
  'items',
  'contains',
  'not',
  'if',
  'then',
  'else',
  'unevaluatedItems',
  'unevaluatedProperties',
] as const;
/** Keywords whose value is a list of schemas. */
export const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const;
/** Keywords whose value is an object of schemas. */
export const MAPS = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'] as const;

/** Keywords whose schemas apply to the same value as the schema that has them. */
export const IN_PLACE: ReadonlySet<string> = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
]);

export const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const;

/** Formats that are checked. Others say something to readers only, as 2020-12 allows. Each takes linear time. */
export const FORMATS = [
  'date',
  'time',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uri-reference',
  'uuid',
  'json-pointer',
] as const;

type Shape = (value: unknown) => string | undefined;

const shape =
  (holds: (value: unknown) => boolean, reason: string): Shape =>
  (value) =>
    holds(value) ? undefined : reason;

const isText = (value: unknown): boolean => typeof value === 'string';
const areDifferent = (list: readonly unknown[]): boolean => new Set(list).size === list.length;
const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every(isText) && areDifferent(value);
const isType = (value: unknown): boolean => (TYPES as readonly unknown[]).includes(value);

const text = shape(isText, 'must be a string');
const flag = shape((value) => typeof value === 'boolean', 'must be true or false');
const number = shape((value) => typeof value === 'number', 'must be a number');
const count = shape((value) => Number.isInteger(value) && (value as number) >= 0, 'must be a whole number from 0');
const names = shape(isTextList, 'must be a list of different strings');

/** The values that keywords take which hold no schemas (2020-12, core, validation and format vocabularies). */
export const SHAPES: Readonly<Record<string, Shape>> = {
  $ref: text,
  $anchor: shape(
    (value) => typeof value === 'string' && /^[A-Za-z_][\w.-]*$/.test(value),
    'must be a name that begins with a letter',
  ),
  type: shape(
    (value) =>
      isType(value) || (Array.isArray(value) && value.length > 0 && value.every(isType) && areDifferent(value)),
    `must be one of ${TYPES.join(', ')}, or a list of them`,
  ),
  enum: shape((value) => Array.isArray(value) && value.length > 0, 'must be a list with at least 1 value'),
  const: () => undefined,
  multipleOf: shape((value) => typeof value === 'number' && value > 0, 'must be a number above 0'),
  maximum: number,
  exclusiveMaximum: number,
  minimum: number,
  exclusiveMinimum: number,
  maxLength: count,
  minLength: count,
  pattern: text,
  maxItems: count,
  minItems: count,
  uniqueItems: flag,
  maxContains: count,
  minContains: count,
  maxProperties: count,
  minProperties: count,
  required: names,
  dependentRequired: shape(
    (value) => isObject(value) && Object.values(value).every(isTextList),
    'must be an object of lists of different strings',
  ),
  format: text,
};
