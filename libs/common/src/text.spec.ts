import { codePointLength, textFault } from './text.js';

describe('text', () => {
  it.each<[string, number]>([
    ['', 0],
    ['abc', 3],
    ['天气', 2],
    ['🌦', 1],
    ['e\u0301', 2],
    ['👩‍👩‍👧‍👦', 7],
    ['\ud800', 1],
  ])('"%s" has %d code points, as PostgreSQL counts', (text, length) => {
    expect(codePointLength(text)).toBe(length);
  });

  it.each<[unknown, number, number, string | undefined]>([
    ['🌦'.repeat(255), 1, 255, undefined],
    ['🌦'.repeat(256), 1, 255, 'must have at most 255 characters'],
    ['n'.repeat(256), 1, 255, 'must have at most 255 characters'],
    ['', 0, 5, undefined],
    [' ', 0, 5, undefined],
    ['', 1, 5, 'must not be blank'],
    [' \t\u3000\ufeff', 1, 5, 'must not be blank'],
    ['a', 2, 5, 'must have at least 2 characters'],
    ['a\u0000', 1, 5, 'must not contain the NUL character'],
    ['\u0000', 0, 5, 'must not contain the NUL character'],
    ['a\ud83c', 1, 5, 'must be well-formed Unicode'],
    ['\udf26\ud83c', 1, 5, 'must be well-formed Unicode'],
    [7, 1, 5, 'must be a string'],
    [null, 1, 5, 'must be a string'],
    [['a'], 1, 5, 'must be a string'],
    [undefined, 1, 5, 'must be a string'],
  ])('%j within %d to %d: %s', (value, min, max, fault) => {
    expect(textFault(value, min, max)).toBe(fault);
  });
});
