import { schemaFault } from './schema-check.js';
import { compileFault } from './schema-validators.js';

/** `{not: {not: … }}` with so many levels. */
const nested = (levels: number): object => {
  let schema: object = {};
  for (let level = 1; level < levels; level += 1) schema = { items: schema };
  return schema;
};
const padded = (bytes: number): object => ({ description: 'x'.repeat(bytes - '{"description":""}'.length) });

describe('a JSON Schema', () => {
  it.each([
    [{}],
    [{ type: 'object', properties: { city: { type: ['string', 'null'], minLength: 1 } }, required: ['city'] }],
    [
      {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: 'https://x.example/s',
        title: 'T',
        'x-any': { $ref: 1 },
      },
    ],
    [{ properties: { a: { $ref: '#/$defs/a~1b' } }, $defs: { 'a/b': { $anchor: 'here', items: { $ref: '#here' } } } }],
    [{ properties: { a: { $ref: '#/$defs/a%20b' } }, $defs: { 'a b': true }, definitions: { c: false } }],
    // A tree, and two schemas that refer to each other.
    [{ properties: { left: { $ref: '#' }, right: { $ref: '#' } } }],
    [
      {
        $defs: { a: { items: { $ref: '#/$defs/b' } }, b: { properties: { a: { $ref: '#/$defs/a' } } } },
        $ref: '#/$defs/a',
      },
    ],
    [
      {
        enum: [{ $ref: 'http://data.example', pattern: '(' }],
        const: { properties: 1 },
        default: { $id: 1 },
        examples: [1],
      },
    ],
    [{ properties: { $ref: { type: 'string' }, pattern: { type: 'string' }, $id: true } }],
    [{ pattern: String.raw`^[\w.-]+/\d{1,3}\u00e9(?<unit>km|m)?$`, patternProperties: { '^x-': true } }],
    [{ unevaluatedProperties: false, allOf: [{ properties: { a: true } }], prefixItems: [true], minContains: 0 }],
    [nested(32)],
    [padded(64 * 1024)],
  ])('is taken: %j', (schema) => {
    expect(schemaFault(schema)).toBeUndefined();
    expect(compileFault(schema)).toBeUndefined();
  });

  it.each<[unknown, string]>([
    [[], 'must be an object: a JSON Schema'],
    [true, 'must be an object: a JSON Schema'],
    [nested(33), 'nests deeper than 32 levels'],
    [padded(64 * 1024 + 1), 'must have at most 65536 bytes as JSON'],
    [{ title: '\u0000' }, 'must not contain the NUL character'],
    [{ maximum: Infinity }, 'must hold finite numbers'],
    [
      { $schema: 'http://json-schema.org/draft-07/schema#' },
      '#/$schema must be https://json-schema.org/draft/2020-12/schema',
    ],
    [{ items: { $id: 'https://x.example' } }, '#/items/$id must not change the base of references'],
    [{ $dynamicRef: '#x' }, '#/$dynamicRef is not supported: use $ref'],
    [{ $ref: 'https://x.example/s' }, '#/$ref must point into this schema (#…): nothing is fetched'],
    [{ $ref: 'file:///etc/passwd' }, '#/$ref must point into this schema (#…): nothing is fetched'],
    [{ $ref: '#/$defs/none' }, '#/$ref points to no schema'],
    [{ $ref: '#/properties', properties: {} }, '#/$ref points to no schema'],
    [{ $ref: '#%' }, '#/$ref points to no schema'],
    [{ properties: { a: { $ref: '#nowhere' } } }, '#/properties/a/$ref points to no schema'],
    [{ $anchor: 'a', items: { $anchor: 'a' } }, '#/items/$anchor must not be there twice'],
    [{ $ref: '#' }, '# refers to itself for the same value'],
    [{ allOf: [{ $ref: '#' }] }, '# refers to itself for the same value'],
    [
      { $defs: { a: { anyOf: [{ not: { $ref: '#/$defs/b' } }] }, b: { if: { $ref: '#/$defs/a' } } } },
      '#/$defs/a refers to itself for the same value',
    ],
    [{ dependentSchemas: { a: { $ref: '#' } } }, '# refers to itself for the same value'],
    [
      { type: 'text' },
      '#/type must be one of string, number, integer, boolean, object, array, null, or a list of them',
    ],
    [
      { properties: { a: 1 }, items: [true] },
      '#/items must be a schema: an object, true or false; #/properties/a must be a schema: an object, true or false',
    ],
    [{ allOf: [], properties: [] }, '#/allOf must be a list of schemas; #/properties must be an object of schemas'],
    [
      { minLength: -1, maximum: '1', required: 'a', enum: [] },
      '#/minLength must be a whole number from 0; #/maximum must be a number; #/required must be a list of different strings; #/enum must be a list with at least 1 value',
    ],
    [{ pattern: '(a' }, '#/pattern must be a regular expression of RE2: missing closing ): `(a`'],
    [
      { patternProperties: { '(?=a)': true } },
      '#/patternProperties/(?=a) must be a regular expression of RE2: invalid or unsupported Perl syntax: `(?=`',
    ],
    [{ pattern: String.raw`(a)\1` }, '#/pattern must be a regular expression of RE2: invalid escape sequence: `\\1`'],
    [{ pattern: String.raw`(?<n>a)\k<n>` }, '#/pattern must not refer back to a group'],
    [{ pattern: '(?:a{30}){31}{31}' }, '#/pattern is too complex'],
    [{ pattern: 'a{1000}'.repeat(100) }, '#/pattern is too complex'],
    [
      { anyOf: Array.from({ length: 28 }, (_, n) => ({ pattern: `a{1000}b{1000}${n >> 1}` })) },
      [24, 25, 26, 27].map((n) => `#/anyOf/${n}/pattern is too complex together with the other patterns`).join('; '),
    ],
    [{ pattern: 'a'.repeat(1001) }, '#/pattern must have at most 1000 characters'],
    [
      { properties: Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [index, true])) },
      'has more than 1000 schemas in it',
    ],
    [
      { properties: { ['p'.repeat(300)]: { type: 1 } } },
      `#/properties/${'p'.repeat(187)}… must be one of string, number, integer, boolean, object, array, null, or a list of them`,
    ],
  ])('is refused with its place: %j', (schema, reason) => {
    expect(schemaFault(schema)).toBe(reason);
  });

  it('is refused if its references multiply', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `d${index}`,
        index === 29 ? {} : { allOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
      ]),
    );
    expect(schemaFault({ $defs, $ref: '#/$defs/d0' })).toMatch(
      /^#\/\$defs\/d\d+ checks a value against more than 10000 schemas$/,
    );
  });
});
