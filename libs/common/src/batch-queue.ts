export interface BatchQueueOptions {
  /** Items in one batch at most. */
  maxBatch: number;
  /** Batches in progress at the same time. Items that arrive meanwhile wait, and make the next batch larger. */
  lanes: number;
  /**
   * Divides the waiting items into so many batches, one in each turn of the event loop: the other side works on the first
   * while this process prepares the next. Default: 1.
   */
  parts?: number;
}

/** Smaller batches are not divided: each batch costs a round trip. */
const LEAST_PART = 16;

/** Gathers items that arrive in the same turn of the event loop, or while earlier batches are in progress. */
export class BatchQueue<T> {
  private readonly waiting: T[] = [];
  private underWay = 0;
  private isScheduled = false;

  /** `work` answers the items itself, and must never reject. */
  constructor(
    private readonly work: (batch: T[]) => Promise<void>,
    private readonly options: BatchQueueOptions,
  ) {}

  /** The queue is bounded by its callers: each waits for the result of its item. */
  add(item: T): void {
    this.waiting.push(item);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled || this.waiting.length === 0 || this.underWay >= this.options.lanes) return;
    this.isScheduled = true;
    // After the I/O of this turn: every request that it read is in.
    setImmediate(() => {
      this.isScheduled = false;
      void this.run();
      this.schedule();
    });
  }

  private async run(): Promise<void> {
    const { maxBatch, parts = 1 } = this.options;
    const size = Math.max(LEAST_PART, Math.ceil(this.waiting.length / parts));
    this.underWay += 1;
    await this.work(this.waiting.splice(0, Math.min(maxBatch, size)));
    this.underWay -= 1;
    this.schedule();
  }
}
