import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { isDatabaseOutage } from '#database';
import { OutageLog } from '#logging';
import { PeriodicJob } from '#scheduling';
import type { Claimed } from './claimed.js';

/** Milliseconds for which work in flight may go on after `stop`. */
const FINISH_WITHIN_MS = 2_000;
/** Claims in a row that lost every row to other replicas, until the next poll. */
const MAX_CONTESTED = 10;

export interface ClaimLoopOptions<T> {
  /** Name of the job. */
  name: string;
  /** For the log: what is unavailable while the database is. */
  subject: string;
  /** Items at the same time. */
  concurrency: number;
  /** Milliseconds between two claims if nothing wakes the loop. */
  pollMs: number;
  /** Milliseconds that a claim holds without renewal. */
  leaseMs: number;
  /** Claims up to `limit` items, for the time of the lease. */
  claim: (limit: number, working: Iterable<T>) => Promise<Claimed<T>>;
  /** Must end soon after the abort of the signal, and give the item back. If it rejects, the claim runs out. */
  work: (item: T, signal: AbortSignal) => Promise<void>;
  renew: (items: T[]) => Promise<void>;
}

/** Works on due rows of a table that all replicas share. Claims only what it works on at once. */
export class ClaimLoop<T> {
  private readonly working = new Map<T, { done: Promise<void>; abort: AbortController }>();
  private readonly polls: PeriodicJob;
  private readonly renewals: PeriodicJob;
  private readonly logger = new Logger('commands');
  private readonly outage: OutageLog;
  private claiming: Promise<void> | undefined;
  private isWanted = false;
  private hasMore = false;

  constructor(
    scheduler: SchedulerRegistry,
    private readonly options: ClaimLoopOptions<T>,
  ) {
    const { name, subject, pollMs, leaseMs } = options;
    this.outage = new OutageLog(this.logger, subject);
    const job = { name, everyMs: pollMs, context: 'commands', subject };
    this.polls = new PeriodicJob(scheduler, job, () => {
      this.wake();
      return Promise.resolve();
    });
    const renewal = { ...job, name: `${name}-leases`, everyMs: leaseMs / 3 };
    this.renewals = new PeriodicJob(scheduler, renewal, () => this.renew());
  }

  start(): void {
    this.polls.start();
    this.renewals.start();
    this.wake();
  }

  /** Waits two seconds for work in flight, and then aborts it. */
  async stop(): Promise<void> {
    await this.polls.stop();
    await this.claiming;
    const finished = Promise.all([...this.working.values()].map(({ done }) => done));
    await Promise.race([finished, delay(FINISH_WITHIN_MS, undefined, { ref: false })]);
    for (const { abort } of this.working.values()) abort.abort();
    await finished;
    await this.renewals.stop();
  }

  /** Claims now: an item is due. */
  wake(): void {
    this.isWanted = true;
    if (this.claiming || this.polls.isStopping || this.free === 0) return;
    this.claiming = this.claimWhileFree().finally(() => {
      this.claiming = undefined;
      if (this.isWanted) this.wake();
    });
  }

  private get free(): number {
    return this.options.concurrency - this.working.size;
  }

  /** Never rejects. */
  private async claimWhileFree(): Promise<void> {
    const { claim } = this.options;
    let contested = 0;
    while (this.isWanted && !this.polls.isStopping && this.free > 0) {
      this.isWanted = false;
      try {
        const { items, isMore, isContested } = await claim(this.free, this.working.keys());
        this.outage.end();
        for (const item of items) this.begin(item);
        this.hasMore = isMore;
        contested = items.length > 0 ? 0 : contested + 1;
        this.isWanted ||= isContested && contested < MAX_CONTESTED;
      } catch (error) {
        this.hasMore = false;
        this.outage.begin(String(error));
      }
    }
  }

  private begin(item: T): void {
    const { work } = this.options;
    const abort = new AbortController();
    const done = work(item, abort.signal)
      // After a database outage the claim runs out, and the item is claimed again.
      .catch((error: unknown) => {
        if (isDatabaseOutage(error)) this.outage.begin(String(error));
        else this.logger.error(error);
      })
      .finally(() => {
        this.working.delete(item);
        if (this.hasMore || this.isWanted) this.wake();
      });
    this.working.set(item, { done, abort });
  }

  private async renew(): Promise<void> {
    if (this.working.size > 0) await this.options.renew([...this.working.keys()]);
  }
}
