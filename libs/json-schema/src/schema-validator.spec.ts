import { newCheckBudget, TooCostlyError } from './budget.js';
import { SchemaValidator } from './schema-validator.js';

const WORDS = { field: 'parameters', unknown: 'is not a parameter of this capability' };
const faultsOf = (schema: object, value: unknown): string[] =>
  new SchemaValidator({ ...schema })
    .findFaults(value, newCheckBudget(), WORDS)
    .map(({ field, reason }) => `${field} ${reason}`);

describe('a compiled schema', () => {
  it('finds all faults at once, with their places', () => {
    const schema = {
      type: 'object',
      required: ['id', 'toString'],
      additionalProperties: false,
      properties: {
        address: {
          type: 'object',
          properties: { city: { type: 'string', minLength: 2 }, zip: { type: 'string', pattern: '^[0-9]+$' } },
          additionalProperties: false,
        },
        items: { type: 'array', items: { $ref: '#/$defs/item' }, uniqueItems: true, maxItems: 5 },
        unit: { enum: ['m', 'km'] },
        when: { type: 'string', format: 'date' },
        size: { anyOf: [{ type: 'string' }, { type: 'object', properties: { width: { minimum: 1 } } }] },
        'a/b~c': { const: 1 },
      },
      $defs: { item: { type: ['object', 'null'], required: ['name'], properties: { name: { type: 'integer' } } } },
    };
    const value = {
      address: { city: 'x', zip: 'a', street: 1 },
      items: [{ name: 1 }, { name: 1.5 }, {}, { name: 1 }, 3],
      unit: 'mile',
      when: '2026-02-30',
      size: { width: 0 },
      'a/b~c': 2,
      other: 1,
    };
    expect(faultsOf(schema, value).toSorted()).toEqual([
      'parameters.a/b~c must be 1',
      'parameters.address.city must have at least 2 characters',
      'parameters.address.street is unknown',
      'parameters.address.zip must match ^[0-9]+$',
      'parameters.id is required',
      'parameters.items must not repeat an item',
      'parameters.items.1.name must be a whole number',
      'parameters.items.2.name is required',
      'parameters.items.4 must be an object or null',
      'parameters.other is not a parameter of this capability',
      'parameters.size must fit one of the alternatives',
      'parameters.size.width must not be under 1',
      'parameters.toString is required',
      'parameters.unit must be one of "m", "km"',
      'parameters.when must have the format date',
    ]);
  });

  it.each<[object, unknown, string[]]>([
    [{ properties: { n: { multipleOf: 0.1 } } }, { n: 0.3 }, []],
    [
      { properties: { n: { exclusiveMinimum: 1, exclusiveMaximum: 1 } } },
      { n: 1 },
      ['parameters.n must be under 1', 'parameters.n must be over 1'],
    ],
    [
      { properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }] } } },
      { a: 1 },
      ['parameters.a must fit one of the alternatives'],
    ],
    [
      { properties: { a: { oneOf: [{ minimum: 1 }, { minimum: 0 }] } } },
      { a: 2 },
      ['parameters.a must fit exactly one of the alternatives'],
    ],
    [{ not: { required: ['a'] } }, { a: 2 }, ['parameters must not be what the schema excludes']],
    [{ properties: { a: false } }, { a: 2 }, ['parameters.a is not allowed']],
    [{ propertyNames: { pattern: '^a' } }, { b: 2 }, ['parameters.b has a name that is not allowed']],
    [{ dependentRequired: { a: ['b'] } }, { a: 2 }, ['parameters.b is required with a']],
    [{ if: { required: ['a'] }, then: { required: ['b'] } }, { a: 2 }, ['parameters.b is required']],
    [
      { properties: { a: { contains: { type: 'string' } } } },
      { a: [1, 2] },
      ['parameters.a must have at least 1 items that fit'],
    ],
    [
      { properties: { a: { prefixItems: [true], items: false } } },
      { a: [1, 2] },
      ['parameters.a must have at most 1 items'],
    ],
    [{ minProperties: 1 }, {}, ['parameters must have at least 1 entries']],
    [
      { allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
      { a: 1, b: 2 },
      ['parameters.b is not a parameter of this capability'],
    ],
    [{ properties: { constructor: { type: 'string' } } }, {}, []],
    [
      { properties: { a: { uniqueItems: true } } },
      {
        a: [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      },
      ['parameters.a must not repeat an item'],
    ],
    [{ properties: { a: { uniqueItems: true } } }, { a: [1, '1', true, null, [1]] }, []],
    [
      { properties: { a: { pattern: '^a' }, b: { pattern: '^b' } } },
      { a: 'b', b: 'b' },
      ['parameters.a must match ^a'],
    ],
    [
      { properties: { a: { format: 'made-up' }, b: { nullable: true, type: 'string' } }, $async: true },
      { a: 'b', b: 'b' },
      [],
    ],
  ])('%j checks %j', (schema, value, faults) => {
    expect(faultsOf(schema, value)).toEqual(faults);
  });

  it('leaves the value as it is, and knows the defaults at the top', () => {
    const validator = new SchemaValidator({
      properties: { a: { default: [1], type: 'array' }, b: { properties: { c: { default: 1 } } } },
    });
    const value = { b: {} };
    expect(validator.findFaults(value, newCheckBudget(), WORDS)).toEqual([]);
    expect(value).toEqual({ b: {} });
    expect(validator.defaults).toEqual([['a', '[1]']]);
  });

  const list = (length: number, item: (index: number) => unknown): unknown[] =>
    Array.from({ length }, (_, index) => item(index));
  const tree = (levels: number): object => (levels === 0 ? {} : { c: tree(levels - 1) });

  it.each<[string, object, unknown]>([
    [
      'a tree whose nodes are checked twice a level',
      { allOf: [{ properties: { c: { $ref: '#' } } }, { properties: { c: { $ref: '#' } } }] },
      tree(30),
    ],
    [
      'an expression with ten kinds',
      { oneOf: list(10, (kind) => ({ properties: { kind: { const: kind }, c: { $ref: '#' } } })) },
      tree(30),
    ],
    [
      'a long text and many patterns',
      { properties: { a: { allOf: list(100, (index) => ({ pattern: `x${index}$` })) } } },
      { a: 'x'.repeat(1_000_000) },
    ],
    [
      'a long text and a large pattern',
      { properties: { a: { pattern: '(?:a?){200}a{200}$' } } },
      { a: 'a'.repeat(1_000_000) },
    ],
    [
      'many long lists of names',
      { additionalProperties: { required: list(900, String) } },
      Object.fromEntries(list(20_000, (index) => [index, {}]) as [string, unknown][]),
    ],
    [
      'errors of schemas that are referred to',
      { properties: { a: { items: { $ref: '#/$defs/a' } } }, $defs: { a: { type: 'string' } } },
      { a: list(49_000, Number) },
    ],
    [
      'many keys and many checks of them',
      {
        allOf: list(300, (index) => ({
          properties: { [`p${String(index)}`]: true },
          additionalProperties: true,
          minProperties: 1,
        })),
      },
      Object.fromEntries(list(49_000, (index) => [index, 0]) as [string, unknown][]),
    ],
  ])('gives up when it costs too much: %s', (_, schema, value) => {
    const validator = new SchemaValidator({ ...schema });
    expect(() => validator.findFaults(value, newCheckBudget(), WORDS)).toThrow(TooCostlyError);
  });

  it.each<[string, object, unknown]>([
    [
      '8,000 numbers that could be a list of another kind',
      {
        anyOf: [
          { properties: { a: { items: { type: 'string' } } } },
          { properties: { a: { items: { type: 'number', minimum: 0 } } } },
        ],
      },
      { a: list(8_000, Number) },
    ],
    [
      '20,000 different items',
      {
        properties: {
          a: {
            uniqueItems: true,
            items: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
          },
        },
      },
      { a: list(20_000, (id) => ({ id })) },
    ],
    [
      'a file of 700 KB',
      { properties: { a: { type: 'string', pattern: '^[A-Za-z0-9+/=]*$', maxLength: 1e6 } } },
      { a: 'QUJD'.repeat(175_000) },
    ],
    [
      '2,000 addresses',
      { properties: { a: { items: { pattern: String.raw`^[a-z0-9.]+@[a-z0-9]+(\.[a-z]+)+$` } } } },
      { a: list(2_000, (index) => `someone.${String(index)}@mail.example`) },
    ],
  ])('has room for %s', (_, schema, value) => {
    expect(faultsOf(schema, value)).toEqual([]);
  });
});
