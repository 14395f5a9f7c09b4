import { type Preservation, preserve } from './self-preservation.js';

const LONGEST = 900_000;
const CALM: Preservation = { threatenedSince: 0, frozen: false };

const of = (leases: number, expiring: number) => ({ onTime: leases, overdue: 0, expiring });
const THREAT = of(100, 50);

describe('self-preservation', () => {
  it.each([
    // More than 15 %, of at least 10.
    { leases: 100, expiring: 15, frozen: false },
    { leases: 100, expiring: 16, frozen: true },
    { leases: 1_000, expiring: 150, frozen: false },
    { leases: 1_000, expiring: 151, frozen: true },
    { leases: 9, expiring: 9, frozen: false },
    { leases: 10, expiring: 9, frozen: false },
    { leases: 10, expiring: 10, frozen: true },
    { leases: 66, expiring: 10, frozen: true },
    { leases: 67, expiring: 10, frozen: false },
    { leases: 100, expiring: 0, frozen: false },
    { leases: 0, expiring: 0, frozen: false },
  ])('of $leases leases, $expiring about to end: holds them: $frozen', ({ leases, expiring, frozen }) => {
    expect(preserve(CALM, of(leases, expiring), 5_000, LONGEST)).toEqual({
      threatenedSince: frozen ? 5_000 : 0,
      frozen,
    });
  });

  it('counts overdue leases among all', () => {
    const frozen = (onTime: number, overdue: number) =>
      preserve(CALM, { onTime, overdue, expiring: 16 }, 1, LONGEST).frozen;
    expect([frozen(60, 40), frozen(0, 100), frozen(60, 60), frozen(120, 0)]).toEqual([true, true, false, false]);
  });

  it('remembers since when, and lets go as soon as the threat is over', () => {
    const begun = preserve(CALM, THREAT, 5_000, LONGEST);
    const later = preserve(begun, of(100, 16), 6_000, LONGEST);
    expect(later).toEqual({ threatenedSince: 5_000, frozen: true });
    expect(preserve(later, of(100, 15), 7_000, LONGEST)).toEqual(CALM);
  });

  it('counts anew when the clock stepped back', () => {
    const before = { threatenedSince: 9_000_000, frozen: true };
    const after = preserve(before, THREAT, 5_000, LONGEST);
    expect(after).toEqual({ threatenedSince: 5_000, frozen: true });
    expect(preserve(after, THREAT, 5_000 + LONGEST, LONGEST).frozen).toBe(false);
  });

  it('lets go after the longest time, and holds nothing again before the threat was over', () => {
    let state = preserve(CALM, THREAT, 5_000, LONGEST);
    const frozenAt = (now: number, census = THREAT): boolean => {
      state = preserve(state, census, now, LONGEST);
      return state.frozen;
    };
    expect(frozenAt(5_000 + LONGEST - 1)).toBe(true);
    expect(frozenAt(5_000 + LONGEST)).toBe(false);
    expect(frozenAt(5_000 + 2 * LONGEST)).toBe(false);
    expect(frozenAt(5_000 + 50 * LONGEST)).toBe(false);
    expect(frozenAt(5_001 + 50 * LONGEST, of(100, 2))).toBe(false);
    expect(frozenAt(5_002 + 50 * LONGEST)).toBe(true);
    expect(state.threatenedSince).toBe(5_002 + 50 * LONGEST);
  });
});
