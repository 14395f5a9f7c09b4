import { setImmediate as turn } from 'node:timers/promises';
import { BatchQueue } from './batch-queue.js';

describe('BatchQueue', () => {
  let batches: number[][];
  let ends: (() => void)[];
  const queue = (options: { lanes: number; parts?: number; maxBatch?: number }) =>
    new BatchQueue<number>(
      (batch) => {
        batches.push(batch);
        return new Promise((resolve) => ends.push(resolve));
      },
      { maxBatch: 1000, ...options },
    );
  const add = (to: BatchQueue<number>, count: number): void => {
    for (let item = 0; item < count; item += 1) to.add(item);
  };
  const sizes = (): number[] => batches.map(({ length }) => length);
  beforeEach(() => {
    batches = [];
    ends = [];
  });

  it('divides what waits, one part with each turn of the event loop, and no more than it has lanes', async () => {
    const halves = queue({ lanes: 3, parts: 2 });
    add(halves, 100);
    await turn();
    expect(sizes()).toEqual([50]);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(sizes()).toEqual([50, 25, 16]);
    ends[0]?.();
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(sizes()).toEqual([50, 25, 16, 9]);
  });

  it.each([1, 15, 16])('does not divide %d items', async (count) => {
    add(queue({ lanes: 3, parts: 2 }), count);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(sizes()).toEqual([count]);
  });

  it('keeps to the largest batch', async () => {
    add(queue({ lanes: 9, parts: 2, maxBatch: 20 }), 70);
    for (let turns = 0; turns < 9; turns += 1) await turn();
    expect(sizes()).toEqual([20, 20, 16, 14]);
  });
});
