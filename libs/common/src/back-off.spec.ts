import { jitteredPause } from './back-off.js';

describe('the pause before the next attempt', () => {
  const backOff = { first: 1_000, longest: 3_600_000 };

  it('doubles up to the longest', () => {
    const pauses = [1, 2, 3, 4, 12, 13, 1_000].map((failures) => jitteredPause(failures, backOff, () => 1));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 2_048_000, 3_600_000, 3_600_000]);
  });

  it('is spread between the half and the whole', () => {
    expect(jitteredPause(3, backOff, () => 0)).toBe(2_000);
    const pauses = Array.from({ length: 1_000 }, () => jitteredPause(3, backOff));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000);
    expect(new Set(pauses).size).toBeGreaterThan(500);
  });
});
