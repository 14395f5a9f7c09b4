import { BadParameterError, JsonText } from '#common';
import { checkParameters } from './parameters.js';
import type { DeclaredParameter } from './target.js';

const declared = (name: string, overrides: Partial<DeclaredParameter> = {}): DeclaredParameter => ({
  name,
  type: 'string',
  required: false,
  defaultValue: null,
  rules: null,
  ...overrides,
});
const toText = (given: object) => new JsonText(JSON.stringify(given));
const faultsOf = (given: Record<string, unknown>, ...parameters: DeclaredParameter[]): string[] => {
  try {
    checkParameters(toText(given), { inputSchema: null, parameters });
  } catch (error) {
    if (error instanceof BadParameterError) return error.details.map(({ field, reason }) => `${field} ${reason}`);
    throw error;
  }
  return [];
};

describe('checkParameters', () => {
  it('takes anything for a capability that declares nothing', () => {
    const given = toText({ a: [1, null] });
    expect(checkParameters(given, { inputSchema: null, parameters: [] })).toBe(given);
  });

  it('fills in defaults where nothing was given, and nothing else', () => {
    const parameters = [
      declared('a', { defaultValue: '"x"' }),
      declared('b', { type: 'array', required: true, defaultValue: '[1]' }),
      declared('c', { type: 'boolean', defaultValue: 'true' }),
      declared('d'),
    ];
    const fill = (text: string) => checkParameters(new JsonText(text), { inputSchema: null, parameters });
    expect(fill('{ "c" : false }').value).toEqual({ a: 'x', b: [1], c: false });
    expect(fill(' { "c" : false }').text).toBe('{"a":"x","b":[1], "c" : false }');
    expect(fill('{ }').text).toBe('{"a":"x","b":[1],"c":true }');
  });

  it('tells of every fault at once', () => {
    expect(
      faultsOf(
        { b: 1, c: null, z: 1 },
        declared('a', { required: true }),
        declared('b'),
        declared('c', { type: 'object' }),
      ),
    ).toEqual([
      'parameters.a is required',
      'parameters.b must be a string',
      'parameters.c must be an object',
      'parameters.z is not a parameter of this capability',
    ]);
  });

  it.each([
    ['string', '', 1],
    ['number', 0.5, '1'],
    ['number', -1, true],
    ['boolean', false, 0],
    ['object', {}, []],
    ['object', { a: 1 }, null],
    ['array', [], {}],
  ] as const)('tells a %s like %j from %j', (type, good, bad) => {
    expect(faultsOf({ p: good }, declared('p', { type }))).toEqual([]);
    expect(faultsOf({ p: bad }, declared('p', { type }))).toHaveLength(1);
  });

  it('takes numbers that no double holds, as they are written', () => {
    for (const text of ['9007199254740993', '1e400', '-0', '1.00000000000000000001']) {
      const given = new JsonText(`{"n": ${text}}`);
      const parameters = [declared('n', { type: 'number' })];
      expect(checkParameters(given, { inputSchema: null, parameters }).text).toBe(given.text);
      const inputSchema = '{"properties":{"n":{"type":"number"}}}';
      expect(checkParameters(given, { inputSchema, parameters: [] }).text).toBe(given.text);
    }
  });

  it.each([
    ['9007199254740993', '{"type":"integer"}', true],
    ['-0', '{"type":"integer","minimum":0}', true],
    ['1e400', '{"type":"integer","minimum":5}', true],
    ['1e400', '{"maximum":5}', false],
    ['9007199254740993', '{"maximum":9007199254740992}', false],
    ['9007199254740993', '{"const":9007199254740992}', false],
    ['9007199254740993', '{"enum":[1,9007199254740992]}', false],
    ['1e400', '{"enum":[null]}', false],
    ['9007199254740993.5', '{"type":"integer"}', false],
    ['1.00000000000000000001', '{"type":"integer"}', false],
    ['123456789012345678901234', '{"type":"integer","minimum":1}', true],
    ['0.1', '{"minimum":0.1}', true],
  ])('checks %s against %s without mistaking it for its neighbour: %s', (number, schema, fits) => {
    const given = new JsonText(`{"n":${number}}`);
    const check = () => checkParameters(given, { inputSchema: `{"properties":{"n":${schema}}}`, parameters: [] });
    if (fits) expect(check()).toBe(given);
    else expect(check).toThrow(BadParameterError);
  });

  it('takes no name that every object has for a parameter that was given', () => {
    expect(faultsOf({}, declared('toString', { required: true }))).toEqual(['parameters.toString is required']);
  });
});
