import { LeaseTerms } from './lease-terms.js';

describe('LeaseTerms', () => {
  it.each([
    { heartbeatInterval: 30, interval: 30_000, warnAfter: 45_000, ttl: 90_000 },
    { heartbeatInterval: 1, interval: 1_000, warnAfter: 1_500, ttl: 3_000 },
    { heartbeatInterval: 3600, interval: 3_600_000, warnAfter: 5_400_000, ttl: 10_800_000 },
  ])(
    'at $heartbeatInterval s: a warning after 1.5 intervals, the end after 3',
    ({ heartbeatInterval, ...expected }) => {
      expect(new LeaseTerms({ heartbeatInterval })).toEqual(expected);
    },
  );

  it.each([1, 30, 3600])(
    'at %d s asks members to come a little early, each at another time, never late',
    (interval) => {
      const terms = new LeaseTerms({ heartbeatInterval: interval });
      const asked = Array.from({ length: 2_000 }, () => terms.nextInterval());
      expect(Math.min(...asked)).toBeGreaterThanOrEqual(0.9 * interval);
      expect(Math.max(...asked)).toBeLessThanOrEqual(interval);
      expect(Math.min(...asked)).toBeLessThan(0.91 * interval);
      expect(Math.max(...asked)).toBeGreaterThan(0.99 * interval);
      expect(new Set(asked).size).toBeGreaterThan(80);
      // Milliseconds, and no dust of floating point.
      for (const seconds of asked) expect(String(seconds)).toMatch(/^\d+(\.\d{1,3})?$/);
    },
  );

  it('writes a lease as the time of its end and the seconds that one lasts', () => {
    const terms = new LeaseTerms({ heartbeatInterval: 30 });
    const now = Date.now();
    const { expires_at, ttl } = terms.lease();
    expect(ttl).toBe(90);
    expect(Date.parse(expires_at) - now).toBeGreaterThanOrEqual(90_000);
    expect(Date.parse(expires_at) - Date.now()).toBeLessThanOrEqual(90_000);
    expect(Date.parse(terms.lease(-5_000).expires_at)).toBeLessThanOrEqual(Date.now() - 5_000);
    expect(terms.lease(1_000).ttl).toBe(90);
  });
});
