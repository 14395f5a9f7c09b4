import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Transactions } from '#database';
import { PeriodicJob } from '#scheduling';
import { NamesRepository } from './names.repository.js';

const EVERY_MS = 60_000;
/** Names and ids in one transaction, and transactions in one run: 600,000 names an hour are looked at. */
const BATCH = 1_000;
const MAX_BATCHES = 10;

/** Deletes names and ids that are free again, some at a time. Every replica may do so at any time. */
@Injectable()
export class NamesUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: PeriodicJob;
  private after = '';

  constructor(
    private readonly repository: NamesRepository,
    private readonly transactions: Transactions,
    scheduler: SchedulerRegistry,
  ) {
    const options = { name: 'names-upkeep', everyMs: EVERY_MS, context: 'skills', subject: 'The upkeep of names' };
    this.job = new PeriodicJob(scheduler, options, () => this.work());
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  /** Goes on where the last run has stopped, and from the beginning after the last name. */
  private async work(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES && !this.job.isStopping; batch += 1) {
      const last = await this.transactions.run((tx) => this.repository.purge(tx, this.after, BATCH));
      this.after = last ?? '';
      if (last === undefined) return;
    }
  }
}
