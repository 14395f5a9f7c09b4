import { BatchQueue, type BatchQueueOptions } from './batch-queue.js';

export interface BatcherOptions extends BatchQueueOptions {
  /**
   * Whether a single item may have caused the error. The batch is then halved until the item stands alone, so that the
   * others do not fail with it. Only for work that has done nothing when it rejects. Default: never.
   */
  isOfOneItem?: (error: unknown) => boolean;
}

interface Waiting<T, R> {
  item: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/**
 * Does many items in one call of `work`, where each by itself would cost a round trip. `work` returns the results in the
 * order of the items; when it rejects, all of them reject (see `isOfOneItem`).
 */
export class Batcher<T, R> {
  private readonly queue: BatchQueue<Waiting<T, R>>;

  constructor(
    private readonly work: (items: T[]) => Promise<readonly R[]>,
    private readonly options: BatcherOptions,
  ) {
    this.queue = new BatchQueue((batch) => this.settle(batch), options);
  }

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.queue.add({ item, resolve, reject });
    });
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
