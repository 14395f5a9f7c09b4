import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { describeError, SingleFlight } from '#common';
import { OutageLog } from '#logging';

export interface PeriodicJobOptions {
  /** Unique name of the job in the scheduler. */
  name: string;
  /** Milliseconds between two starts. 0: it never runs by itself. */
  everyMs: number;
  /** Context of log lines: the room. */
  context: string;
  /** What is unavailable while the job fails. The log has one line when the failure begins, and one when it ends. */
  subject: string;
  /** Whether this replica, such as the leader, does the run. Skipped runs neither begin nor end an outage. Default: always. */
  isDue?: () => boolean;
}

/**
 * Repeats work at an interval, from `start` to `stop`, one run at a time. Runs never reject. After a run that takes longer
 * than the interval, the next one starts at the next tick.
 */
export class PeriodicJob {
  private readonly outage: OutageLog;
  private readonly runs = new SingleFlight(() => this.attempt());
  private stopping = false;

  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly options: PeriodicJobOptions,
    private readonly work: () => Promise<unknown>,
  ) {
    this.outage = new OutageLog(new Logger(options.context), options.subject);
  }

  /** Whether work in many steps should stop early. */
  get isStopping(): boolean {
    return this.stopping;
  }

  /**
   * For long work, which then holds no rows for long: repeats `step`, with `size` or the rest of `total` as its limit,
   * until it returns less than the limit or the job stops.
   */
  async inPortions(size: number, step: (limit: number) => Promise<number>, total = Infinity): Promise<void> {
    for (let left = total; left > 0 && !this.stopping; left -= size) {
      const limit = Math.min(size, left);
      if ((await step(limit)) < limit) return;
    }
  }

  /** Call it in `onApplicationBootstrap`. */
  start(): void {
    const { name, everyMs } = this.options;
    if (everyMs === 0) return;
    this.scheduler.addInterval(
      name,
      setInterval(() => void this.run(), everyMs),
    );
  }

  /** Runs now, or joins the run in progress. */
  run(): Promise<void> {
    return this.runs.run();
  }

  /** Starts a run after the one in progress, which may have missed the latest changes. */
  runAnew(): Promise<void> {
    return this.runs.runAnew();
  }

  /** Call it in `beforeApplicationShutdown`. Starts no further run, and returns when the last one has ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    const { name } = this.options;
    if (this.scheduler.doesExist('interval', name)) this.scheduler.deleteInterval(name);
    await this.runs.settled();
  }

  private async attempt(): Promise<void> {
    if (this.options.isDue?.() === false) return;
    try {
      await this.work();
      this.outage.end();
    } catch (error) {
      this.outage.begin(describeError(error));
    }
  }
}
