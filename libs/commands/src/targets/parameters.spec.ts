import { BadParameterError } from '#common';
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
const faultsOf = (given: Record<string, unknown>, ...parameters: DeclaredParameter[]): string[] => {
  try {
    checkParameters(given, { inputSchema: null, parameters });
  } catch (error) {
    if (error instanceof BadParameterError) return error.details.map(({ field, reason }) => `${field} ${reason}`);
    throw error;
  }
  return [];
};

describe('checkParameters', () => {
  it('takes anything for a capability that declares nothing', () => {
    expect(checkParameters({ a: [1, null] }, { inputSchema: null, parameters: [] })).toEqual({ a: [1, null] });
  });

  it('fills in defaults where nothing was given, and nothing else', () => {
    const parameters = [
      declared('a', { defaultValue: '"x"' }),
      declared('b', { type: 'array', required: true, defaultValue: '[1]' }),
      declared('c', { type: 'boolean', defaultValue: 'true' }),
      declared('d'),
    ];
    expect(checkParameters({ c: false }, { inputSchema: null, parameters })).toEqual({ a: 'x', b: [1], c: false });
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

  it('takes no name that every object has for a parameter that was given', () => {
    expect(faultsOf({}, declared('toString', { required: true }))).toEqual(['parameters.toString is required']);
  });
});
