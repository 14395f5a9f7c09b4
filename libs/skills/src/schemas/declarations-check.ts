import { canonicalJson, hasMoreKeys, hasMoreValues, isObject, joinedReasons, jsonValueFault, textFault } from '#common';
import { matchesPattern, PatternsCheck, schemaFault } from '#json-schema';
import {
  type DeclaredType,
  DECLARED_TYPES,
  type NestedDeclaration,
  type ParameterDeclarations,
  RULES,
} from './parameter-declaration.js';
import { toInputSchema } from './input-schema.js';

/** Characters of the default of a parameter, as JSON. */
const DEFAULT_MAX = 512;
export const PARAMETERS_MAX = 100;

const KEYS: ReadonlySet<string> = new Set(['type', 'required', 'default', 'description', ...RULES]);
const NUMBERS: readonly DeclaredType[] = ['number', 'integer'];

/** The types that a rule needs. Others say something about any type. */
const NEEDED_TYPES: Readonly<Record<string, readonly DeclaredType[]>> = {
  items: ['array'],
  properties: ['object'],
  minimum: NUMBERS,
  maximum: NUMBERS,
  min_length: ['string'],
  max_length: ['string'],
  pattern: ['string'],
};

/** Why a value does not declare parameters, or undefined. */
export function declarationsFault(value: unknown): string | undefined {
  const fault = mapFault(value);
  if (fault !== undefined) return fault;
  const declarations = value as ParameterDeclarations;
  const reasons = joinedReasons(mapReasons('', declarations, new PatternsCheck()));
  if (reasons !== undefined || !Object.values(declarations).some(hasRules)) return reasons;
  return schemaFault(toInputSchema(declarations));
}

export function hasRules(declaration: NestedDeclaration): boolean {
  return declaration.type === 'integer' || RULES.some((rule) => declaration[rule] !== undefined);
}

function mapFault(value: unknown): string | undefined {
  if (!isObject(value)) return 'must be an object of parameter declarations';
  if (hasMoreKeys(value, PARAMETERS_MAX)) return `must have at most ${PARAMETERS_MAX} entries`;
  return undefined;
}

function* mapReasons(prefix: string, declarations: object, patterns: PatternsCheck): Generator<string> {
  for (const [name, declaration] of Object.entries(declarations)) {
    const nameFault = textFault(name, 1, 64);
    if (nameFault) yield `a parameter's name ${nameFault}`;
    yield* declarationReasons(prefix + name.slice(0, 64), declaration, patterns);
  }
}

function* declarationReasons(label: string, value: unknown, patterns: PatternsCheck): Generator<string> {
  if (!isObject(value)) {
    yield `${label} must be an object with a type`;
    return;
  }
  for (const key in value) if (!KEYS.has(key)) yield `${label}.${key.slice(0, 64)} is unknown`;
  const { type, required, default: given, description } = value;
  const isKnown = (DECLARED_TYPES as readonly unknown[]).includes(type);
  if (!isKnown) yield `${label}.type must be one of ${DECLARED_TYPES.join(', ')}`;
  if (required !== undefined && typeof required !== 'boolean') yield `${label}.required must be true or false`;
  const descriptionFault = description === undefined ? undefined : textFault(description, 0, 255);
  if (descriptionFault) yield `${label}.description ${descriptionFault}`;
  let isRight = isKnown;
  for (const reason of rulesReasons(label, value, isKnown ? (type as DeclaredType) : undefined, patterns)) {
    isRight = false;
    yield reason;
  }
  if (given === undefined) return;
  const declaration = value as unknown as NestedDeclaration;
  if (isKnown && !isOfType(given, declaration)) yield `${label}.default must be of the type ${type as string}`;
  else if (isRight && !obeysRules(given, declaration)) yield `${label}.default must obey the other rules`;
  const defaultFault = checkDefault(given);
  if (defaultFault) yield `${label}.default ${defaultFault}`;
}

function* rulesReasons(
  label: string,
  declaration: Record<string, unknown>,
  type: DeclaredType | undefined,
  patterns: PatternsCheck,
): Generator<string> {
  for (const [rule, types] of Object.entries(NEEDED_TYPES)) {
    if (declaration[rule] !== undefined && type !== undefined && !types.includes(type)) {
      yield `${label}.${rule} needs the type ${types.join(' or ')}`;
    }
  }
  const { enum: values, items, properties, nullable, minimum, maximum, min_length, max_length, pattern } = declaration;
  if (nullable !== undefined && typeof nullable !== 'boolean') yield `${label}.nullable must be true or false`;
  if (values !== undefined) yield* enumReasons(`${label}.enum`, values, type && { type, nullable: nullable === true });
  for (const [rule, limit] of Object.entries({ minimum, maximum })) {
    if (limit !== undefined && !Number.isFinite(limit)) yield `${label}.${rule} must be a number`;
  }
  for (const [rule, limit] of Object.entries({ min_length, max_length })) {
    if (limit !== undefined && !(Number.isInteger(limit) && (limit as number) >= 0)) {
      yield `${label}.${rule} must be a whole number from 0`;
    }
  }
  if ((minimum as number) > (maximum as number)) yield `${label}.maximum must not be under its minimum`;
  if ((min_length as number) > (max_length as number)) yield `${label}.max_length must not be under its min_length`;
  if (pattern !== undefined) {
    const fault = typeof pattern === 'string' ? patterns.faultOf(pattern) : 'must be a string';
    if (fault !== undefined) yield `${label}.pattern ${fault}`;
  }
  if (items !== undefined) yield* declarationReasons(`${label}.items`, items, patterns);
  if (properties !== undefined) {
    const fault = mapFault(properties);
    if (fault !== undefined) yield `${label}.properties ${fault}`;
    else yield* mapReasons(`${label}.`, properties as object, patterns);
  }
}

function* enumReasons(label: string, values: unknown, declaration: NestedDeclaration | undefined): Generator<string> {
  if (!Array.isArray(values) || values.length === 0) {
    yield `${label} must be a list with at least 1 value`;
    return;
  }
  if (declaration && !values.every((value) => isOfType(value, declaration))) {
    yield `${label} must hold values of the type ${declaration.type}`;
  }
  const fault = jsonValueFault(values);
  if (fault !== undefined) yield `${label} ${fault}`;
}

function checkDefault(value: unknown): string | undefined {
  // Each value takes at least one character: this finds most defaults that are too long without serializing them.
  if (hasMoreValues(value, DEFAULT_MAX)) return `must have at most ${DEFAULT_MAX} characters`;
  return textFault(JSON.stringify(value), 0, DEFAULT_MAX) ?? jsonValueFault(value);
}

function isOfType(value: unknown, { type, nullable }: NestedDeclaration): boolean {
  if (value === null) return nullable === true;
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
  }
}

/** Whether a value of the type obeys the rules, except for those of its parts. */
function obeysRules(value: unknown, declaration: NestedDeclaration): boolean {
  const { enum: values, minimum = -Infinity, maximum = Infinity, min_length = 0, max_length = Infinity } = declaration;
  if (value === null) return true;
  if (values && !values.some((allowed) => canonicalJson(allowed) === canonicalJson(value))) return false;
  if (typeof value === 'number') return value >= minimum && value <= maximum;
  if (typeof value !== 'string') return true;
  return (
    textFault(value, min_length, max_length) === undefined &&
    (declaration.pattern === undefined || matchesPattern(declaration.pattern, value))
  );
}
