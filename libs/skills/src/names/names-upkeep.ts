import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Transactions } from '#database';
import { PeriodicService } from '#scheduling';
import { noteNames } from './look-alikes.js';
import { NamesRepository } from './names.repository.js';

const EVERY_MS = 60_000;
/** Names or ids in one transaction. */
const BATCH = 1_000;
/** Names, and ids, in one run. That is 600,000 an hour, as many as clients can free within their rate limits. */
const MAX_ROWS = 10_000;

/** Deletes names and ids that are free again, and notes what names look like, some at a time. Every replica may do so at any time. */
@Injectable()
export class NamesUpkeep extends PeriodicService {
  private after = '';

  constructor(
    private readonly repository: NamesRepository,
    private readonly transactions: Transactions,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, { name: 'names-upkeep', everyMs: EVERY_MS, context: 'skills', subject: 'The upkeep of names' });
  }

  protected async work(): Promise<void> {
    await this.job.inPortions(BATCH, (limit) => this.purgeIds(limit), MAX_ROWS);
    await this.job.inPortions(BATCH, (limit) => this.transactions.run((tx) => noteNames(tx, limit)), MAX_ROWS);
    await this.job.inPortions(BATCH, (limit) => this.purgeNames(limit), MAX_ROWS);
  }

  private purgeIds(limit: number): Promise<number> {
    return this.transactions.run((tx) => this.repository.purgeIds(tx, limit));
  }

  /** Continues where the last run stopped; after the last name, from the beginning. */
  private async purgeNames(limit: number): Promise<number> {
    const last = await this.transactions.run((tx) => this.repository.purge(tx, this.after, limit));
    this.after = last ?? '';
    return last === undefined ? 0 : limit;
  }
}
