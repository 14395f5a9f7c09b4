import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { type FieldOptions, isObject, textFault } from '#common';
import { type JsonSchema, schemaFault } from '#json-schema';
import { Transform } from 'class-transformer';
import { ValidateBy, ValidateIf, type ValidationArguments } from 'class-validator';
import { declarationsFault, PARAMETERS_MAX } from './declarations-check.js';
import { contradiction } from './derived-parameters.js';
import { DECLARED_TYPES, type ParameterDeclarations } from './parameter-declaration.js';

const MAX_EXAMPLES = 5;
const MAX_EXAMPLE = 200;

type FindFault = (value: unknown, args?: ValidationArguments) => string | undefined;

/** An optional value that goes into the object as it was sent. */
function sentAsIs(name: string, findFault: FindFault): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_, value) => value !== undefined),
    ValidateBy({
      name,
      validator: {
        validate: (value, args) => findFault(value, args) === undefined,
        defaultMessage: (args) => findFault(args?.value, args) ?? '',
      },
    }),
    Transform(({ obj, key }) => (obj as Record<string, unknown>)[key]),
  );
}

/** `{param1: {type, required, default?, description, …}}` */
export function ParameterDeclarationsField({ description, example }: FieldOptions): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ description, example, selfRequired: false, type: 'object', ...PARAMETER_DECLARATIONS_SCHEMA }),
    sentAsIs('parameterDeclarations', (value, args) => {
      const schema = (args?.object as { input_schema?: unknown } | undefined)?.input_schema;
      return (
        declarationsFault(value) ??
        (isObject(schema) ? contradiction(value as ParameterDeclarations, schema) : undefined)
      );
    }),
  );
}

const DECLARATION = { type: 'object', additionalProperties: true } as const;

export const PARAMETER_DECLARATIONS_SCHEMA = {
  maxProperties: PARAMETERS_MAX,
  additionalProperties: {
    type: 'object',
    required: ['type'],
    properties: {
      type: { type: 'string', enum: [...DECLARED_TYPES] },
      required: { type: 'boolean', description: 'false by default' },
      default: { description: 'A value of the type; at most 512 characters as JSON' },
      description: { type: 'string', maxLength: 255 },
      enum: { type: 'array', items: {}, minItems: 1, description: 'The values that are allowed' },
      nullable: { type: 'boolean', description: 'Whether it may be null; false by default' },
      minimum: { type: 'number' },
      maximum: { type: 'number' },
      min_length: { type: 'integer', minimum: 0, description: 'Characters' },
      max_length: { type: 'integer', minimum: 0, description: 'Characters' },
      pattern: { type: 'string', maxLength: 1000, description: 'A regular expression of RE2 that must occur in it' },
      items: { ...DECLARATION, description: 'The declaration of the items of an array' },
      properties: {
        type: 'object',
        maxProperties: PARAMETERS_MAX,
        additionalProperties: DECLARATION,
        description: 'The declarations of the properties of an object, which takes no others',
      },
    },
    additionalProperties: false,
  },
};

/** A JSON Schema (2020-12), stored as it was sent. `isInput`: it describes the parameters of calls, which are an object. */
export function JsonSchemaField({
  isInput = false,
  description,
  example,
}: FieldOptions & { isInput?: boolean }): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ description, example, selfRequired: false, type: 'object', additionalProperties: true }),
    sentAsIs('jsonSchema', (value) => schemaFault(value) ?? (isInput ? inputFault(value as JsonSchema) : undefined)),
  );
}

function inputFault({ type }: JsonSchema): string | undefined {
  return type === undefined || [type].flat().includes('object') ? undefined : '#/type must be object';
}

/** Sentences in which users would ask for something. */
export function ExamplesField(options: FieldOptions): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      ...options,
      required: false,
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: MAX_EXAMPLE },
      minItems: 1,
      maxItems: MAX_EXAMPLES,
    }),
    sentAsIs('examples', examplesFault),
  );
}

function examplesFault(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be an array of sentences';
  if (value.length === 0) return 'must have at least 1 item';
  if (value.length > MAX_EXAMPLES) return `must have at most ${MAX_EXAMPLES} items`;
  const faults = value.flatMap((sentence: unknown) => textFault(sentence, 1, MAX_EXAMPLE) ?? []);
  return faults[0] === undefined ? undefined : `each sentence ${faults[0]}`;
}
