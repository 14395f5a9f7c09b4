import { SingleFlight } from './single-flight.js';

describe('SingleFlight', () => {
  let ends: { resolve: (value: number) => void; reject: (error: Error) => void }[];
  let flight: SingleFlight<number>;

  beforeEach(() => {
    ends = [];
    flight = new SingleFlight(() => new Promise((resolve, reject) => ends.push({ resolve, reject })));
  });

  it('shares the run under way, and starts another one after it', async () => {
    const both = [flight.run(), flight.run()];
    ends[0]?.resolve(1);
    await expect(Promise.all(both)).resolves.toEqual([1, 1]);
    const next = flight.run();
    ends[1]?.resolve(2);
    await expect(next).resolves.toBe(2);
  });

  it('starts once more after the current run, once for all callers, even if the first run failed', async () => {
    const first = flight.run();
    const anew = [flight.runAnew(), flight.runAnew()];
    ends[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await new Promise(setImmediate);
    expect(ends).toHaveLength(2);
    ends[1]?.resolve(2);
    await expect(Promise.all(anew)).resolves.toEqual([2, 2]);
  });

  it('is settled when nothing is under way', async () => {
    await flight.settled();
    const run = flight.run();
    const settled = flight.settled();
    ends[0]?.reject(new Error('away'));
    await settled;
    await expect(run).rejects.toThrow('away');
  });
});
