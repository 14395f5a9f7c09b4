import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { OutageLog } from '#logging';
import { ExecutionsRepository } from './executions.repository.js';

const JOB = 'cancelled-calls';
/** Between two looks for calls that another replica was told to cancel; shorter ones are over by then. */
const LOOK_EVERY_MS = 500;

interface Running {
  since: number;
  abort: AbortController;
}

/** The calls that this replica makes now, so that they can be taken back: here, or by way of another replica. */
@Injectable()
export class RunningCalls implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly running = new Map<string, Running>();
  private readonly outage = new OutageLog(new Logger('commands'), 'Looking for cancelled calls');
  private looking: Promise<void> | undefined;

  constructor(
    private readonly repository: ExecutionsRepository,
    private readonly scheduler: SchedulerRegistry,
  ) {}

  onApplicationBootstrap(): void {
    this.scheduler.addInterval(
      JOB,
      setInterval(() => (this.looking ??= this.look().finally(() => (this.looking = undefined))), LOOK_EVERY_MS),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.scheduler.doesExist('interval', JOB)) this.scheduler.deleteInterval(JOB);
    await this.looking;
  }

  /** Makes a call that can be cancelled. */
  async run<T>(executionId: string, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    this.running.set(executionId, { since: performance.now(), abort });
    try {
      return await call(abort.signal);
    } finally {
      this.running.delete(executionId);
    }
  }

  cancel(executionId: string): void {
    this.running.get(executionId)?.abort.abort();
  }

  /** Never rejects. */
  private async look(): Promise<void> {
    const before = performance.now() - LOOK_EVERY_MS;
    const ids = [...this.running].filter(([, { since }]) => since < before).map(([id]) => id);
    if (ids.length === 0) return;
    try {
      for (const id of await this.repository.ended(ids)) this.cancel(id);
      this.outage.end();
    } catch (error) {
      this.outage.begin(String(error));
    }
  }
}
