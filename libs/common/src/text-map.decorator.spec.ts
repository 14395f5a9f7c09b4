import { entryFaults, textMapSchema } from './text-map.decorator.js';

const LIMITS = { maxKey: 4, maxValue: 3, maxEntries: 3 };

describe('an object of texts', () => {
  it('has no fault within the limits, which count code points', () => {
    expect([...entryFaults({}, LIMITS)]).toEqual([]);
    expect([...entryFaults({ '🌦🌦🌦🌦': '天气!', a: '' }, LIMITS)]).toEqual([]);
  });

  it('reports every fault of its keys and values', () => {
    expect([...entryFaults({ 'too long': 'long', ' ': 'x', n: null }, LIMITS)]).toEqual([
      { field: 'too ', reason: 'as a key must have at most 4 characters' },
      { field: 'too ', reason: 'must have at most 3 characters' },
      { field: ' ', reason: 'as a key must not be blank' },
      { field: 'n', reason: 'must be a string' },
    ]);
  });

  it('reports only its size when it has too many entries', () => {
    expect([...entryFaults({ a: 1, b: 2, c: 3, d: 4 }, LIMITS)]).toEqual([
      { field: '', reason: 'must have at most 3 entries' },
    ]);
  });

  it('quotes no key that no answer can hold', () => {
    expect([...entryFaults({ '\ud800': 'x' }, LIMITS)]).toEqual([
      { field: '\ufffd', reason: 'as a key must be well-formed Unicode' },
    ]);
  });

  it('says in OpenAPI what it checks', () => {
    expect(textMapSchema(LIMITS)).toMatchObject({ maxProperties: 3, additionalProperties: { maxLength: 3 } });
  });
});
