import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import fc from 'fast-check';
import { newCheckBudget, TooCostlyError } from './budget.js';
import { FORMATS, LISTS, MAPS, SHAPES, SINGLE } from './keywords.js';
import { schemaFault } from './schema-check.js';
import { SchemaValidator } from './schema-validator.js';

const WORDS = { field: 'parameters', unknown: 'is unknown' };
const names = fc.constantFrom(
  'a',
  'b',
  'toString',
  'hasOwnProperty',
  '__proto__',
  'constructor',
  '$ref',
  'a/b',
  '~',
  '%',
  '天',
  '',
);
const data = fc.jsonValue({ maxDepth: 3 });
const types = fc.constantFrom('string', 'number', 'integer', 'boolean', 'object', 'array', 'null');
const references = fc.constantFrom(
  '#',
  '#/$defs/a',
  '#/$defs/b',
  '#/properties/a',
  '#/allOf/0',
  '#here',
  '#/$defs/a/items',
);
const patterns = fc.constantFrom('^a', 'b$', '^[a-z]{1,3}$', '.', '');

/** Objects with own keys, `__proto__` too. */
const objectOf = <T>(keys: fc.Arbitrary<string>, values: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(keys, values), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));

/** Keywords with values that are right. */
const rightKeywords = (schema: fc.Arbitrary<unknown>): Record<string, fc.Arbitrary<unknown>> => {
  const count = fc.integer({ min: 0, max: 3 });
  const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.1, 1e21, -0));
  const nameList = fc.uniqueArray(names, { maxLength: 3 });
  const counts = [
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
    'minProperties',
    'maxProperties',
    'minContains',
    'maxContains',
  ];
  const numbers = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];
  return {
    ...Object.fromEntries(SINGLE.map((keyword) => [keyword, schema])),
    ...Object.fromEntries(LISTS.map((keyword) => [keyword, fc.array(schema, { minLength: 1, maxLength: 3 })])),
    ...Object.fromEntries(MAPS.map((keyword) => [keyword, objectOf(names, schema)])),
    ...Object.fromEntries(counts.map((keyword) => [keyword, count])),
    ...Object.fromEntries(numbers.map((keyword) => [keyword, number])),
    patternProperties: objectOf(patterns, schema),
    type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1 })),
    enum: fc.array(data, { minLength: 1, maxLength: 3 }),
    const: data,
    multipleOf: fc.constantFrom(1, 2, 0.5),
    uniqueItems: fc.boolean(),
    required: nameList,
    dependentRequired: objectOf(names, nameList),
    format: fc.constantFrom(...FORMATS, 'made-up'),
    pattern: patterns,
    $ref: references,
    $anchor: fc.constant('here'),
    default: data,
    title: fc.string(),
  };
};

const schemas = (wild: boolean): fc.Arbitrary<Record<string, unknown>> =>
  fc.letrec<{ schema: unknown; object: Record<string, unknown> }>((tie) => {
    const known = rightKeywords(tie('schema'));
    const right = fc.constantFrom(...Object.keys(known)).chain((key) => fc.tuple(fc.constant(key), known[key] ?? data));
    const odd = fc.tuple(
      fc.oneof(
        names,
        fc.constantFrom(
          ...SINGLE,
          ...LISTS,
          ...MAPS,
          ...Object.keys(SHAPES),
          '$id',
          '$async',
          '$data',
          'nullable',
          'discriminator',
          '$dynamicRef',
        ),
      ),
      fc.oneof(
        tie('schema'),
        data,
        fc.string(),
        fc.constantFrom('(a*)*b', '(?=a)', '\\', ']] + process.exit() //', '"', '${1}', Infinity),
      ),
    );
    const entry = wild ? fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: odd }) : right;
    return {
      schema: fc.oneof({ maxDepth: 4, withCrossShrink: true }, fc.boolean(), tie('object')),
      object: fc.array(entry, { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
    };
  }).object;

const withDefinitions = (wild: boolean): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .tuple(schemas(wild), schemas(wild), schemas(wild))
    .map(([root, a, b]) => ({ ...root, $defs: { a, b: { items: b, $anchor: 'here' } } }));

/** It checks schemas only: with the schema of schemas, an Ajv takes 20 ms to make. */
const meta = new Ajv2020({ strict: false, logger: false });

describe('random schemas', () => {
  it('are refused with a reason, or check any value', () => {
    let taken = 0;
    fc.assert(
      fc.property(withDefinitions(true), fc.array(data, { maxLength: 5 }), (schema, values) => {
        const fault = schemaFault(schema);
        if (fault !== undefined) {
          expect(fault).not.toBe('');
          return;
        }
        taken += 1;
        const validator = new SchemaValidator(schema);
        for (const value of values) {
          const before = JSON.stringify(value);
          try {
            validator.findFaults(value, newCheckBudget(), WORDS);
          } catch (error) {
            if (!(error instanceof TooCostlyError)) throw error;
          }
          expect(JSON.stringify(value)).toBe(before);
        }
      }),
      { numRuns: 500 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  it('mean the same as Ajv alone finds', () => {
    let taken = 0;
    fc.assert(
      fc.property(withDefinitions(false), fc.array(data, { maxLength: 5 }), (schema, values) => {
        if (schemaFault(schema) !== undefined) return;
        taken += 1;
        expect(meta.validateSchema(schema)).toBe(true);
        const validator = new SchemaValidator(schema);
        const plain = new Ajv2020({
          strict: false,
          logger: false,
          // Without it, Ajv misses that a property named '' is missing.
          allErrors: true,
          meta: false,
          validateSchema: false,
          ownProperties: true,
          multipleOfPrecision: 9,
          formats: Object.fromEntries(FORMATS.map((name) => [name, fullFormats[name]])),
        });
        const check = plain.compile(schema);
        for (const value of values) {
          expect([value, validator.findFaults(value, newCheckBudget(), WORDS).length === 0]).toEqual([
            value,
            check(value),
          ]);
        }
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(20);
  });
});
