import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { isDatabaseOutage } from '#database';
import { OutageLog } from '#logging';
import { PeriodicJob } from '#scheduling';
import type { Claimed } from './claimed.js';

/** Milliseconds that work may go on for after the end has been called. */
const FINISH_WITHIN_MS = 2_000;
/** Claims in a row of which others took everything, before the next look: who holds rows for long is not asked without end. */
const MAX_CONTESTED = 10;

export interface ClaimLoopOptions<T> {
  /** Of the job. */
  name: string;
  /** What is unavailable while that fails, for the log. */
  subject: string;
  /** Items that are worked on at the same time. */
  concurrency: number;
  /** Milliseconds between two looks for what others have left. */
  pollMs: number;
  /** Milliseconds that a claim holds unless it is renewed. */
  leaseMs: number;
  /** Takes up to so many beside those that are worked on, which nobody else then does until the lease has run out. */
  claim: (limit: number, working: Iterable<T>) => Promise<Claimed<T>>;
  /** Ends soon after the abort of the signal; what it has not done then, it gives back. When it rejects, the claim lapses. */
  work: (item: T, signal: AbortSignal) => Promise<void>;
  renew: (items: T[]) => Promise<void>;
}

/** Works on what is due in a table that all replicas share. Holds no more than it works on. */
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

  /** Work in flight goes on for two seconds, and is then given back. */
  async stop(): Promise<void> {
    await this.polls.stop();
    await this.claiming;
    const finished = Promise.all([...this.working.values()].map(({ done }) => done));
    await Promise.race([finished, delay(FINISH_WITHIN_MS, undefined, { ref: false })]);
    for (const { abort } of this.working.values()) abort.abort();
    await finished;
    await this.renewals.stop();
  }

  /** Something is due now. */
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
      // When the database is away, the claim lapses, and the item is taken again.
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
