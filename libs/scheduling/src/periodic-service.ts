import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { PeriodicJob, type PeriodicJobOptions } from './periodic-job.js';

/** A provider whose work is a `PeriodicJob` from bootstrap to shutdown. */
export abstract class PeriodicService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  protected readonly job: PeriodicJob;

  constructor(scheduler: SchedulerRegistry, options: PeriodicJobOptions) {
    this.job = new PeriodicJob(scheduler, options, () => this.work());
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  /** Does the work after the call, when a run in progress has ended. Never rejects. */
  runAnew(): Promise<void> {
    return this.job.runAnew();
  }

  protected abstract work(): Promise<unknown>;
}
