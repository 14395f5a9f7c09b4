import { Latencies } from './latencies.js';

describe('Latencies', () => {
  it('knows nothing before the first answer', () => {
    expect(new Latencies().quantile(0.99)).toBeUndefined();
  });

  it('tells in which time a share of the last hundred answers came', () => {
    const latencies = new Latencies();
    latencies.add(7);
    expect([latencies.quantile(0.5), latencies.quantile(0.99)]).toEqual([7, 7]);
    for (let ms = 200; ms > 0; ms -= 1) latencies.add(ms);
    expect([latencies.quantile(0.01), latencies.quantile(0.5), latencies.quantile(0.99)]).toEqual([1, 50, 99]);
  });
});
