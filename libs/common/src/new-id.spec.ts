import { validate, version } from 'uuid';
import { newId } from './new-id.js';

describe('newId', () => {
  it('rises, and never comes twice', () => {
    const ids = Array.from({ length: 5000 }, newId);
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('holds the time in milliseconds', () => {
    const before = Date.now();
    const time = parseInt(newId().replaceAll('-', '').slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    // What was made within one millisecond may have run ahead by as little.
    expect(time).toBeLessThanOrEqual(Date.now() + 1);
  });
});
