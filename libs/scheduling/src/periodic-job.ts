import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { SingleFlight } from '#common';
import { OutageLog } from '#logging';

export interface PeriodicJobOptions {
  /** Of the job, for the scheduler: one of this name in the service. */
  name: string;
  /** Milliseconds between two starts. 0: it never runs by itself. */
  everyMs: number;
  /** Of the log: the room. */
  context: string;
  /** What is unavailable while the job fails, for the log: one line when that begins, and one when it ends. */
  subject: string;
  /** Whether a run is for this replica, such as the leader; always, unless given. One that is not says nothing of an outage. */
  isDue?: () => boolean;
}

/**
 * Something that is done every so often, from `start` to `stop`: one run at a time, of which none rejects. A run that
 * takes longer than the pause is followed by the next at its turn.
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

  /** For work in many steps: whether it should leave the rest. */
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

  /** In `onApplicationBootstrap`. */
  start(): void {
    const { name, everyMs } = this.options;
    if (everyMs === 0) return;
    this.scheduler.addInterval(
      name,
      setInterval(() => void this.run(), everyMs),
    );
  }

  /** Now, or with the run that is under way. */
  run(): Promise<void> {
    return this.runs.run();
  }

  /** Like `run`, but does all that is there by now: one that is under way may have begun before. */
  runAnew(): Promise<void> {
    return this.runs.runAnew();
  }

  /** In `beforeApplicationShutdown`: no further run; returns when the last one has ended. */
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
      this.outage.begin(String(error));
    }
  }
}
