import { setImmediate as turn } from 'node:timers/promises';
import { Batcher } from './batcher.js';

describe('Batcher', () => {
  let batches: number[][];
  let release: (() => void)[];
  const held = (items: number[]): Promise<number[]> => {
    batches.push(items);
    return new Promise((resolve) => {
      release.push(() => {
        resolve(items.map((item) => item * 10));
      });
    });
  };
  beforeEach(() => {
    batches = [];
    release = [];
  });

  it('takes what comes in one turn together, and answers each with its own', async () => {
    const batcher = new Batcher((items: number[]) => Promise.resolve(items.map((item) => item * 10)), {
      maxBatch: 2,
      lanes: 5,
    });
    expect(await Promise.all([1, 2, 3].map((item) => batcher.add(item)))).toEqual([10, 20, 30]);
  });

  it('has no more under way than it may; what waits meanwhile goes together', async () => {
    const batcher = new Batcher(held, { maxBatch: 10, lanes: 1 });
    const answers = [batcher.add(1)];
    await turn();
    answers.push(batcher.add(2));
    await turn();
    answers.push(batcher.add(3));
    await turn();
    expect(batches).toEqual([[1]]);
    release.shift()?.();
    await answers[0];
    // One turn that ends the first batch, and one that begins the second.
    await turn();
    await turn();
    expect(batches).toEqual([[1], [2, 3]]);
    release.shift()?.();
    expect(await Promise.all(answers)).toEqual([10, 20, 30]);
  });

  it('rejects those of a batch that failed, and goes on', async () => {
    let failing = true;
    const batcher = new Batcher(
      (items: number[]) => (failing ? Promise.reject(new Error('away')) : Promise.resolve(items)),
      { maxBatch: 10, lanes: 1 },
    );
    await expect(Promise.all([batcher.add(1), batcher.add(2)])).rejects.toThrow('away');
    failing = false;
    expect(await batcher.add(3)).toBe(3);
  });

  it('lets no item fail for another one, in few more runs, where that may be the fault', async () => {
    const isOfOneItem = (error: unknown): boolean => (error as Error).message === 'refused';
    const refusing = (items: number[]): Promise<number[]> => {
      batches.push(items);
      return items.includes(37) ? Promise.reject(new Error('refused')) : Promise.resolve(items);
    };
    const batcher = new Batcher(refusing, { maxBatch: 100, lanes: 1, isOfOneItem });
    const items = Array.from({ length: 100 }, (_, item) => item);
    const settled = await Promise.allSettled(items.map((item) => batcher.add(item)));
    expect(items.filter((item) => settled[item]?.status === 'rejected')).toEqual([37]);
    // Twice the logarithm: both halves of each batch that was refused.
    expect(batches.length).toBeLessThanOrEqual(1 + 2 * 7);
    batches = [];
    const away = new Batcher((some: number[]) => (batches.push(some), Promise.reject(new Error('away'))), {
      maxBatch: 100,
      lanes: 1,
      isOfOneItem,
    });
    await Promise.allSettled(items.map((item) => away.add(item)));
    expect(batches).toHaveLength(1);
  });

  it('takes an answer of another length for a failure', async () => {
    const batcher = new Batcher(() => Promise.resolve<number[]>([]), { maxBatch: 10, lanes: 1 });
    await expect(batcher.add(1)).rejects.toThrow('item by item');
  });
});
