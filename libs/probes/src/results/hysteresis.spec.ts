import type { Health, ProbeResult } from '#skills';
import { healthAfter, type ProbedHealth } from './hysteresis.js';

const TERMS = { failures: 3, successes: 2 };
const RESULTS: Record<string, ProbeResult> = { h: 'healthy', w: 'warning', u: 'unhealthy' };

/** The first letters of the health after each probe. */
function course(from: Health, results: string, terms = TERMS): string {
  let state: ProbedHealth = { health: from, failures: 0, successes: 0 };
  return [...results]
    .map((letter) => {
      state = healthAfter(state, RESULTS[letter] ?? 'healthy', terms);
      return state.health[0] ?? '';
    })
    .join('');
}

describe('health after probes', () => {
  it.each([
    ['stays healthy', 'healthy', 'hhh', 'hhh'],
    ['is a warning after one failure and unhealthy after three in a row', 'healthy', 'uuuu', 'wwuu'],
    ['forgets failures that are not in a row', 'healthy', 'uuhuuhuu', 'wwwwwwww'],
    ['comes back after two successes in a row', 'healthy', 'uuuhh', 'wwuuh'],
    ['does not come back by one', 'unhealthy', 'huhuh', 'uuuuu'],
    ['comes back from one failure after two successes', 'healthy', 'uhh', 'wwh'],
    ['is a warning at once by garbage', 'healthy', 'wwhh', 'wwwh'],
    ['counts no garbage as a success on the way from a warning', 'warning', 'hwhh', 'wwwh'],
    ['takes garbage for a sign of life', 'unhealthy', 'wwhh', 'uwwh'],
    ['counts failures anew after garbage', 'healthy', 'uuwuuu', 'wwwwwu'],
  ] as const)('%s', (_, from, results, expected) => {
    expect(course(from, results)).toBe(expected);
  });

  it('follows every probe where one is enough', () => {
    expect(course('healthy', 'uhwuh', { failures: 1, successes: 1 })).toBe('uhwuh');
  });
});
