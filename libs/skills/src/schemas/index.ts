export { toParameters } from './derived-parameters.js';
export { hasRules } from './declarations-check.js';
export { toInputSchema } from './input-schema.js';
export {
  type DeclaredType,
  type NestedDeclaration,
  type ParameterDeclaration,
  type ParameterDeclarations,
  toStored,
} from './parameter-declaration.js';
export { assertSchemas, proveSchemas } from './prove-schemas.js';
export {
  ExamplesField,
  JsonSchemaField,
  PARAMETER_DECLARATIONS_SCHEMA,
  ParameterDeclarationsField,
} from './schema-fields.decorators.js';
