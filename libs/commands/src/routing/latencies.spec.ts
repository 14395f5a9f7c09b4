import { Latencies } from './latencies.js';

describe('Latencies', () => {
  it('knows nothing before the first answer', () => {
    expect(new Latencies().quantile(0.99)).toBeUndefined();
  });

  it('tells in which time a share of the last hundred answers came', () => {
    const latencies = new Latencies();
    latencies.add(0, 7);
    expect([latencies.quantile(0.5), latencies.quantile(0.99)]).toEqual([7, 7]);
    for (let ms = 200; ms > 0; ms -= 1) latencies.add(0, ms);
    // The newest start counts, in whatever order the answers come.
    latencies.add(5, 205);
    latencies.add(3, 204);
    expect([latencies.hasAnsweredSince(5), latencies.hasAnsweredSince(6)]).toEqual([true, false]);
    for (let ms = 100; ms > 0; ms -= 1) latencies.add(0, ms);
    expect([latencies.quantile(0.01), latencies.quantile(0.5), latencies.quantile(0.99)]).toEqual([1, 50, 99]);
  });
});
