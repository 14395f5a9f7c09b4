import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { LeaderElection } from '#database';
import { Quotas } from '#quotas';
import { PeriodicService } from '#scheduling';
import { SkillHistory } from './skill-history.js';

const EVERY_MS = 3600 * 1000;
/** As long as the audit log (AI Bridge v0.6.0, section on logs). */
const RETENTION_S = 90 * 24 * 3600;
/** Rows in one statement. */
const PORTION = 5_000;

/** Deletes old entries of the history, and the oldest of owners that have more than `QUOTA_EVENTS`. The leader does so. */
@Injectable()
export class SkillHistoryUpkeep extends PeriodicService {
  constructor(
    private readonly history: SkillHistory,
    private readonly quotas: Quotas,
    leader: LeaderElection,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, {
      name: 'skill-history',
      everyMs: EVERY_MS,
      context: 'skills',
      subject: 'Deleting old history of Skills',
      isDue: () => leader.isLeader,
    });
    // Nothing is refused, so that nobody asks how fast it grows.
    quotas.register('events', { count: 'SELECT count(*) FROM skill_events WHERE owner = $1', perSecond: 0 });
  }

  protected async work(): Promise<void> {
    await this.job.inPortions(PORTION, (limit) => this.history.deleteOld(RETENTION_S, limit));
    let owner = await this.history.ownerAfter('');
    while (owner !== undefined && !this.job.isStopping) {
      const current = owner;
      const excess = await this.quotas.excessOf('events', current);
      await this.job.inPortions(PORTION, (limit) => this.history.deleteOldest(current, limit), excess);
      owner = await this.history.ownerAfter(current);
    }
  }
}
