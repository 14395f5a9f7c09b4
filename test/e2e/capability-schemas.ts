export const SCHEMA = {
  type: 'object',
  required: ['address', 'items'],
  properties: {
    items: { type: 'array', items: { $ref: '#/$defs/item' } },
    address: { type: 'object', required: ['city'], properties: { city: { type: 'string', minLength: 2 } } },
    unit: { enum: ['km', 'm'], default: 'km' },
    limit: { type: ['integer', 'null'], minimum: 0, maximum: 1e21, description: 'At most' },
    '10': { type: 'number', multipleOf: 0.1 },
  },
  additionalProperties: false,
  $defs: { item: { type: 'object', properties: { name: { type: 'string', pattern: '^[a-z]+$' } } } },
};
export const RESULT = { type: 'object', required: ['km'], properties: { km: { type: 'number' } } };
export const EXAMPLES = ['How far is it to Berlin?', '去柏林有多远?'];

/** Fields of a capability, and the fault that a body with them has. */
export const REFUSED: [object, string][] = [
  [
    { input_schema: { $ref: 'https://x.example' } },
    'capabilities.0.input_schema #/$ref must point into this schema (#…): nothing is fetched',
  ],
  [{ output_schema: { allOf: [{ $ref: '#' }] } }, 'capabilities.0.output_schema # refers to itself for the same value'],
  [{ input_schema: { type: 'array' } }, 'capabilities.0.input_schema #/type must be object'],
  [{ examples: [] }, 'capabilities.0.examples must have at least 1 item'],
  [{ examples: ['1', '2', '3', '4', '5', '6'] }, 'capabilities.0.examples must have at most 5 items'],
  [{ examples: ['a'.repeat(201)] }, 'capabilities.0.examples each sentence must have at most 200 characters'],
  [{ input_schema: null }, 'capabilities.0.input_schema must be an object: a JSON Schema'],
  [
    { parameters: { items: { type: 'string' } } },
    'capabilities.0.parameters items is of the type array in the input_schema',
  ],
  [{ parameters: { other: { type: 'string' } } }, 'capabilities.0.parameters other is not in the input_schema'],
  [
    {
      input_schema: undefined,
      parameters: {
        a: { type: 'string', minimum: 1 },
        b: { type: 'integer', default: 1.5 },
        c: { type: 'string', pattern: '(?=a)', enum: [1] },
      },
    },
    'capabilities.0.parameters a.minimum needs the type number or integer; b.default must be of the type integer; c.enum must hold values of the type string; c.pattern must be a regular expression of RE2: invalid or unsupported Perl syntax: `(?=`',
  ],
  [
    {
      input_schema: undefined,
      parameters: {
        a: { type: 'number', minimum: 2, maximum: 1 },
        b: { type: 'string', max_length: 1, default: 'long' },
        c: { type: 'array', items: { type: 'list', x: 1 } },
      },
    },
    'capabilities.0.parameters a.maximum must not be under its minimum; b.default must obey the other rules; c.items.x is unknown; c.items.type must be one of string, number, boolean, object, array, integer',
  ],
];
