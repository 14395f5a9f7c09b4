import { BackOff } from './back-off.js';

describe('BackOff', () => {
  const delays = (backOff: BackOff, count: number): number[] => Array.from({ length: count }, () => backOff.next());

  it('doubles up to the cap, and begins anew after a success', () => {
    const backOff = new BackOff(1_000, 60_000, () => 1);
    expect(delays(backOff, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    backOff.reset();
    expect(backOff.next()).toBe(1_000);
  });

  it('is random in its upper half', () => {
    const rounds = Array.from({ length: 200 }, () => delays(new BackOff(1_000, 60_000), 3));
    for (const round of rounds) {
      for (const [index, delay] of round.entries()) {
        expect(delay).toBeGreaterThanOrEqual(500 * 2 ** index);
        expect(delay).toBeLessThanOrEqual(1_000 * 2 ** index);
      }
    }
    expect(new Set(rounds.map(([first]) => first)).size).toBeGreaterThan(100);
  });

  it('waits as long as it is asked to, within the cap', () => {
    const backOff = new BackOff(1_000, 60_000, () => 1);
    expect([backOff.next(5_000), backOff.next(86_400_000), backOff.next(1)]).toEqual([5_000, 60_000, 4_000]);
  });

  it('stays at the cap however long it fails', () => {
    const backOff = new BackOff(1_000, 60_000, () => 0);
    expect(delays(backOff, 5_000).at(-1)).toBe(30_000);
  });
});
