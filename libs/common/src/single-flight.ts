/** Runs a task once at a time: calls that come during a run share its result. */
export class SingleFlight<T> {
  private running: Promise<T> | undefined;

  constructor(private readonly task: () => Promise<T>) {}

  /** Joins the run under way, or starts one. */
  run(): Promise<T> {
    this.running ??= this.task().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Starts after the call, for callers that need what has changed by now: the run under way may have missed it. */
  async runAnew(): Promise<T> {
    await this.settled();
    return this.run();
  }

  /** Returns when nothing is under way. Never rejects. */
  async settled(): Promise<void> {
    await this.running?.catch(() => undefined);
  }
}
