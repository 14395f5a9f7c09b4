import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { LeaderElection } from '#database';
import { Quotas } from '#quotas';
import { PeriodicJob } from '#scheduling';
import { SkillHistory } from './skill-history.js';

const EVERY_MS = 3600 * 1000;
/** As long as the audit log (AI Bridge v0.6.0, section on logs). */
const RETENTION_S = 90 * 24 * 3600;
/** Rows in one statement. */
const PORTION = 5_000;

/** Deletes old entries of the history, and the oldest of owners that have more than `QUOTA_EVENTS`. The leader does so. */
@Injectable()
export class SkillHistoryUpkeep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: PeriodicJob;

  constructor(
    private readonly history: SkillHistory,
    private readonly quotas: Quotas,
    leader: LeaderElection,
    scheduler: SchedulerRegistry,
  ) {
    // Nothing is refused, so that nobody asks how fast it grows.
    quotas.register('events', { count: 'SELECT count(*) FROM skill_events WHERE owner = $1', perSecond: 0 });
    const options = {
      ...{ name: 'skill-history', everyMs: EVERY_MS, context: 'skills' },
      subject: 'Deleting old history of Skills',
      isDue: () => leader.isLeader,
    };
    this.job = new PeriodicJob(scheduler, options, () => this.work());
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  /** Now, on the leader. */
  run(): Promise<void> {
    return this.job.runAnew();
  }

  private async work(): Promise<void> {
    await this.inPortions(Infinity, (limit) => this.history.deleteOld(RETENTION_S, limit));
    let owner = await this.history.ownerAfter('');
    while (owner !== undefined && !this.job.isStopping) {
      const current = owner;
      const excess = await this.quotas.excessOf('events', current);
      await this.inPortions(excess, (limit) => this.history.deleteOldest(current, limit));
      owner = await this.history.ownerAfter(current);
    }
  }

  private async inPortions(total: number, remove: (limit: number) => Promise<number>): Promise<void> {
    for (let left = total; left > 0 && !this.job.isStopping; left -= PORTION) {
      const limit = Math.min(PORTION, left);
      if ((await remove(limit)) < limit) return;
    }
  }
}
