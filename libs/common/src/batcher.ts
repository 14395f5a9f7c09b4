export interface BatcherOptions {
  /** Items in one batch at most. */
  maxBatch: number;
  /** Batches under way at the same time; what comes meanwhile waits, and makes the next batch larger. */
  lanes: number;
}

interface Waiting<T, R> {
  item: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/**
 * Does for many what would cost a round trip for each: items that arrive in the same turn of the event loop, or while
 * earlier ones are under way, share one call of `work`. It answers in the order of the items; when it rejects, all of
 * its items do. What waits is bounded by the requests that wait for it.
 */
export class Batcher<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private underWay = 0;
  private isScheduled = false;

  constructor(
    private readonly work: (items: T[]) => Promise<readonly R[]>,
    private readonly options: BatcherOptions,
  ) {}

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.isScheduled) return;
      this.isScheduled = true;
      // After the I/O of this turn: every request that it read is in.
      setImmediate(() => {
        this.isScheduled = false;
        this.start();
      });
    });
  }

  private start(): void {
    while (this.waiting.length > 0 && this.underWay < this.options.lanes) {
      void this.run(this.waiting.splice(0, this.options.maxBatch));
    }
  }

  /** Never rejects. */
  private async run(batch: readonly Waiting<T, R>[]): Promise<void> {
    this.underWay += 1;
    try {
      const results = await this.work(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error('a batch was not answered item by item');
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.underWay -= 1;
      this.start();
    }
  }
}
