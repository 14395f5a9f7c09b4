import { isObject } from '#common';
import type { JsonSchema } from '#json-schema';
import { PARAMETERS_MAX } from './declarations-check.js';
import {
  DECLARED_TYPES,
  type DeclaredType,
  type ParameterDeclaration,
  type ParameterDeclarations,
} from './parameter-declaration.js';

/** References that are followed one after the other, and levels of items and properties. */
const MAX_STEPS = 8;

/**
 * The properties at the top of a schema as declarations, at most 100. A property of several types, or of none, has no
 * declaration; that it may also be null is no further type.
 */
export function toParameters(schema: JsonSchema): Record<string, ParameterDeclaration> {
  return declareAll(resolve(schema, schema) ?? {}, schema, 0);
}

/** How declarations contradict the schema of the same capability; undefined if they do not, as far as types show. */
export function contradiction(declarations: ParameterDeclarations, schema: JsonSchema): string | undefined {
  const { properties = {}, patternProperties, additionalProperties } = schema;
  const described = toParameters(schema);
  for (const [name, { type }] of Object.entries(declarations)) {
    const label = name.slice(0, 64);
    const isOpen = additionalProperties !== false || patternProperties !== undefined;
    if (!isOpen && isObject(properties) && !Object.hasOwn(properties, name))
      return `${label} is not in the input_schema`;
    const other = Object.hasOwn(described, name) ? described[name]?.type : undefined;
    if (other !== undefined && baseOf(other) !== baseOf(type))
      return `${label} is of the type ${other} in the input_schema`;
  }
  return undefined;
}

function baseOf(type: DeclaredType): DeclaredType {
  return type === 'integer' ? 'number' : type;
}

function declareAll(schema: JsonSchema, root: JsonSchema, level: number): Record<string, ParameterDeclaration> {
  const { properties, required } = schema;
  if (!isObject(properties) || level > MAX_STEPS) return {};
  const needed = new Set<unknown>(Array.isArray(required) ? required : []);
  const declarations = Object.entries(properties).flatMap(([name, property]) => {
    const declaration = declare(property, root, needed.has(name), level);
    return declaration ? [[name, declaration] as const] : [];
  });
  return Object.fromEntries(declarations.slice(0, PARAMETERS_MAX));
}

function declare(
  property: unknown,
  root: JsonSchema,
  required: boolean,
  level: number,
): ParameterDeclaration | undefined {
  const resolved = resolve(property, root);
  const [schema, isOptional] = resolved ? withoutNull(resolved, root) : [];
  const types = schema && listTypes(schema);
  const type = types?.length === 1 ? types[0] : undefined;
  if (!resolved || !schema || type === undefined) return undefined;
  const given = { ...schema, ...resolved };
  const nullable = isOptional === true || [schema.type].flat().includes('null');
  const { enum: values, minimum, maximum, minLength: min_length, maxLength: max_length, pattern } = given;
  const items = type === 'array' && level < MAX_STEPS ? declare(given.items, root, false, level + 1) : undefined;
  const properties = type === 'object' ? declareAll(schema, root, level + 1) : {};
  const rules = { enum: values, minimum, maximum, min_length, max_length, pattern, items };
  return {
    type,
    required,
    ...(given.default !== undefined && { default: given.default }),
    description: typeof given.description === 'string' ? given.description : '',
    ...Object.fromEntries(Object.entries(rules).filter(([, rule]) => rule !== undefined)),
    ...(nullable && { nullable }),
    ...(Object.keys(properties).length > 0 && { properties }),
  };
}

/** `anyOf: [schema, {type: 'null'}]`, as many generators write an optional value. */
function withoutNull(schema: JsonSchema, root: JsonSchema): [schema: JsonSchema | undefined, isOptional: boolean] {
  const branches = schema.type === undefined ? (schema.anyOf ?? schema.oneOf) : undefined;
  if (!Array.isArray(branches)) return [schema, false];
  const others = branches.filter((branch) => !(isObject(branch) && branch.type === 'null'));
  return [others.length === 1 ? resolve(others[0], root) : undefined, others.length < branches.length];
}

function listTypes({ type, enum: values, properties }: JsonSchema): DeclaredType[] {
  if (type !== undefined) return [type].flat().filter((one): one is DeclaredType => isDeclaredType(one));
  if (Array.isArray(values)) return [...new Set(values.map(typeOf))].filter((one) => one !== undefined);
  return properties === undefined ? [] : ['object'];
}

function typeOf(value: unknown): DeclaredType | undefined {
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return value !== null && isDeclaredType(type) ? type : undefined;
}

function isDeclaredType(type: unknown): type is DeclaredType {
  return (DECLARED_TYPES as readonly unknown[]).includes(type);
}

/** Follows references that are JSON pointers. The keywords beside a reference stay. */
function resolve(value: unknown, root: JsonSchema): JsonSchema | undefined {
  let schema = value;
  let beside: JsonSchema = {};
  for (let step = 0; step < MAX_STEPS; step += 1) {
    if (!isObject(schema)) return undefined;
    const { $ref, ...others } = schema;
    beside = { ...others, ...beside };
    if (typeof $ref !== 'string') return beside;
    schema = pointTo(root, $ref);
  }
  return undefined;
}

function pointTo(root: JsonSchema, reference: string): unknown {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let value: unknown = root;
  for (const part of reference.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    value = (isObject(value) || Array.isArray(value)) && Object.hasOwn(value, key) ? value[key as never] : undefined;
  }
  return value;
}
