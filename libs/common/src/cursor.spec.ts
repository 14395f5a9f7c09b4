import fc from 'fast-check';
import { CursorScope } from './cursor.js';
import { BadParameterError } from './error-catalogue.js';

const KEYS = ['天气 \u0001', '0199d3f0-6a1c-7cc0-8f5e-3b1a4c2d9e10'];
const scope = new CursorScope('skills', { name: 'a', limit: 3, cursor: 'x' }, 'name');

describe('a cursor', () => {
  it('has keys, as text that a URL takes unchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (keys) => {
        const cursor = scope.write(keys);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(scope.read(cursor)).toEqual(keys);
      }),
    );
  });

  it('belongs to the filters, whatever their order, and not to the size of the page', () => {
    const cursor = new CursorScope('skills', { a: '1', b: { c: 'x', d: 'y' }, page: 2, page_size: 5 }, 'name').write(
      KEYS,
    );
    const same = new CursorScope('skills', { b: { d: 'y', c: 'x' }, a: '1', status: undefined, limit: 9 }, 'name');
    expect(same.read(cursor)).toEqual(KEYS);
  });

  it.each([
    new CursorScope('discover', { name: 'a' }, 'name'),
    new CursorScope('skills', { name: 'b' }, 'name'),
    new CursorScope('skills', { name: 'a' }, '-name'),
    new CursorScope('skills', { name: 'a', status: 'active' }, 'name'),
    new CursorScope('skills', {}, 'name'),
  ])('is wrong for another list, filter or sort', (other) => {
    expect(() => other.read(scope.write(KEYS))).toThrow(BadParameterError);
  });

  it('is wrong with a character changed, added or missing anywhere', () => {
    const cursor = scope.write(KEYS);
    for (let at = 0; at < cursor.length; at += 1) {
      const other = cursor[at] === 'A' ? 'B' : 'A';
      for (const damaged of [
        cursor.slice(0, at) + other + cursor.slice(at + 1),
        cursor.slice(0, at) + other + cursor.slice(at),
        cursor.slice(0, at) + cursor.slice(at + 1),
      ])
        expect(() => scope.read(damaged)).toThrow(BadParameterError);
    }
  });
});
