export interface BatcherOptions {
  /** Items in one batch at most. */
  maxBatch: number;
  /** Batches under way at the same time; what comes meanwhile waits, and makes the next batch larger. */
  lanes: number;
  /**
   * Whether an error may be that of a single item, so that the others must not fail with it: the batch is then halved
   * until the item stands alone. Only for work that has done nothing when it rejects. Default: never.
   */
  isOfOneItem?: (error: unknown) => boolean;
}

interface Waiting<T, R> {
  item: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/**
 * Does for many what would cost a round trip for each: items that arrive in the same turn of the event loop, or while
 * earlier ones are under way, share one call of `work`. It answers in the order of the items; when it rejects, all of
 * its items do (see `isOfOneItem`). What waits is bounded by the requests that wait for it.
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
    await this.settle(batch);
    this.underWay -= 1;
    this.start();
  }

  /** Never rejects. */
  private async settle(batch: readonly Waiting<T, R>[]): Promise<void> {
    let results: readonly R[];
    try {
      results = await this.work(batch.map(({ item }) => item));
    } catch (error) {
      if (batch.length > 1 && this.options.isOfOneItem?.(error) === true) {
        const half = Math.ceil(batch.length / 2);
        await this.settle(batch.slice(0, half));
        await this.settle(batch.slice(half));
      } else {
        for (const { reject } of batch) reject(error);
      }
      return;
    }
    if (results.length === batch.length) {
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
    } else {
      for (const { reject } of batch) reject(new Error('a batch was not answered item by item'));
    }
  }
}
