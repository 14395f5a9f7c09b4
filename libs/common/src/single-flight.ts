/** Runs a task once at a time: calls that come during a run share its result. */
export class SingleFlight<T> {
  private running: Promise<T> | undefined;

  constructor(private readonly task: () => Promise<T>) {}

  /** Joins the run in progress, or starts one. */
  run(): Promise<T> {
    this.running ??= this.task().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Starts a run after the one in progress, which may have missed the latest changes. */
  async runAnew(): Promise<T> {
    await this.settled();
    return this.run();
  }

  /** Returns when no run is in progress. Never rejects. */
  async settled(): Promise<void> {
    await this.running?.catch(() => undefined);
  }
}
