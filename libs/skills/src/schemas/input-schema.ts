import type { JsonSchema } from '#json-schema';
import type { NestedDeclaration, ParameterDeclarations } from './parameter-declaration.js';

/** The JSON Schema of declared parameters. As a call takes no others, an object takes only the properties that it declares. */
export function toInputSchema(declarations: ParameterDeclarations): JsonSchema {
  const required = Object.entries(declarations).filter(
    ([, { required, default: value }]) => required && value === undefined,
  );
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(declarations).map(([name, declared]) => [name, toSchema(declared)])),
    ...(required.length > 0 && { required: required.map(([name]) => name) }),
    additionalProperties: false,
  };
}

function toSchema(declaration: NestedDeclaration): JsonSchema {
  const { type, description, default: value, nullable, items, properties } = declaration;
  const { enum: values, minimum, maximum, min_length: minLength, max_length: maxLength, pattern } = declaration;
  const rest = {
    description: description === '' ? undefined : description,
    default: value,
    enum: values && nullable && !values.includes(null) ? [...values, null] : values,
    minimum,
    maximum,
    minLength,
    maxLength,
    pattern,
    items: items && toSchema(items),
  };
  return {
    ...(properties && toInputSchema(properties)),
    type: nullable ? [type, 'null'] : type,
    ...Object.fromEntries(Object.entries(rest).filter(([, part]) => part !== undefined)),
  };
}
