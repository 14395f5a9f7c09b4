import { hedgeDelay } from './hedge-delay.js';
import { Latencies } from './latencies.js';

const times = (...all: number[]): Latencies => {
  const latencies = new Latencies();
  for (const ms of all) latencies.add(0, ms);
  return latencies;
};
const NONE = times();

describe('the time until another endpoint is tried as well', () => {
  it.each([
    ['is the setting while nobody has answered', NONE, [NONE], 30_000, 20_000],
    ['leaves the other one a third of the time of the call', NONE, [], 2_000, 1_333],
    ['is a bit more than the endpoint usually takes', times(100, 200, 1_000), [times(1)], 30_000, 1_200],
    ['is that of the others if it has never answered', NONE, [times(100), times(500)], 30_000, 600],
    ['is not so short that it says nothing', times(1, 2), [], 30_000, 50],
    ['does not come for a Skill that needs the time', times(15_000), [times(15_000)], 16_000, undefined],
    ['comes in time if most answers are fast', times(50, 50, 50, 5_000), [], 2_000, 1_333],
  ])('%s', (_, own, others, leftMs, expected) => {
    const delay = hedgeDelay(own, others, { leftMs, unknownMs: 20_000 });
    expect(delay && Math.floor(delay + 1e-3)).toBe(expected);
  });
});
