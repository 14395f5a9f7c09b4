import { LeaseTerms } from '#skills';
import { sweepTerms } from './sweep-terms.js';

describe('sweepTerms', () => {
  // The table of docs/heartbeats.md.
  it.each([
    { interval: 30, tick: 1_000, gap: 3_000, longestFreeze: 900_000 },
    { interval: 3, tick: 750, gap: 2_250, longestFreeze: 90_000 },
    { interval: 1, tick: 250, gap: 1_000, longestFreeze: 30_000 },
    { interval: 3600, tick: 1_000, gap: 3_000, longestFreeze: 108_000_000 },
  ])('sweeps often, whatever the interval: $interval s', ({ interval, ...expected }) => {
    expect(sweepTerms(new LeaseTerms({ heartbeatInterval: interval }))).toMatchObject(expected);
  });

  it.each([1, 2, 3, 5, 30, 3600])(
    'at %d s, sweeps that come in time are no pause, and two lost heartbeats are',
    (s) => {
      const terms = new LeaseTerms({ heartbeatInterval: s });
      const { tick, gap } = sweepTerms(terms);
      expect(gap).toBeGreaterThanOrEqual(2 * tick);
      expect(gap).toBeLessThanOrEqual(terms.interval);
    },
  );

  it.each([1, 3, 30, 3600])('at %d s, PostgreSQL hears in time to bear witness', (s) => {
    const terms = new LeaseTerms({ heartbeatInterval: s });
    const { heardForWarning, heardForEnd } = sweepTerms(terms);
    const latestWrite = Math.min(5_000, terms.interval / 3);
    // A heartbeat one interval ago is in PostgreSQL by now and prevents the warning; an older one does not.
    expect(heardForWarning).toBeGreaterThanOrEqual(terms.interval);
    expect(heardForWarning).toBeLessThan(terms.warnAfter);
    expect(heardForEnd).toBeGreaterThan(terms.interval + latestWrite);
    expect(heardForEnd).toBeLessThan(terms.ttl);
  });
});
