import { asksForAsync, readWait } from './respond-async.js';

/** The least of some runs, in milliseconds. */
function timeOf(work: () => unknown): number {
  return Math.min(
    ...Array.from({ length: 5 }, () => {
      const began = performance.now();
      for (let times = 0; times < 20; times += 1) work();
      return performance.now() - began;
    }),
  );
}

describe('asksForAsync', () => {
  it.each<[string, boolean]>([
    ['x="a\\"b", respond-async', true],
    ['x="", respond-async; y', true],
    ['x="respond-async', false],
    ['wait=1, x="\\', false],
  ])('%s: %s', (prefer, expected) => {
    expect(asksForAsync(prefer)).toBe(expected);
  });

  it.each<[string | undefined, number]>([
    [undefined, 0],
    ['respond-async, Wait = 5; x', 5_000],
    ['wait=0, wait=7', 0],
    ['wait=99999999999999999999', 60_000],
    ['x="a, wait=5"', 0],
    ['wait=-1, waiting=5, wait=1.5, wait', 0],
  ])('waits: %s: %s ms', (prefer, expected) => {
    expect(readWait(prefer)).toBe(expected);
  });

  it('takes time in proportion to the header', () => {
    const quoted = (length: number) => '"\\'.repeat(length / 2);
    const [short, long] = [timeOf(() => asksForAsync(quoted(1_500))), timeOf(() => asksForAsync(quoted(12_000)))];
    // Eight times as long; in quadratic time it took 64 times as long.
    expect(long).toBeLessThan(32 * Math.max(short, 0.05));
  });
});
