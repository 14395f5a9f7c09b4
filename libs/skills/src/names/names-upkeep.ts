import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Transactions } from '#database';
import { PeriodicJob } from '#scheduling';
import { NamesRepository } from './names.repository.js';

const EVERY_MS = 60_000;
/** Names, or ids, in one transaction, and transactions of each in one run: 600,000 an hour, as many as leave within the limits of requests. */
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
    this.job = new PeriodicJob(scheduler, options, () => this.run());
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  /** Once, now. */
  async run(): Promise<void> {
    await this.purgeIds();
    await this.purgeNames();
  }

  private async purgeIds(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES && !this.job.isStopping; batch += 1) {
      if ((await this.transactions.run((tx) => this.repository.purgeIds(tx, BATCH))) < BATCH) return;
    }
  }

  /** Goes on where the last run has stopped, and from the beginning after the last name. */
  private async purgeNames(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES && !this.job.isStopping; batch += 1) {
      const last = await this.transactions.run((tx) => this.repository.purge(tx, this.after, BATCH));
      this.after = last ?? '';
      if (last === undefined) return;
    }
  }
}
