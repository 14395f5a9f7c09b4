import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { LeaderElection } from '#database';
import { Quotas } from '#quotas';
import { PeriodicService } from '#scheduling';
import { SkillHistory } from './skill-history.js';

const EVERY_MS = 3600 * 1000;
/** As long as the audit log (AI Bridge v0.6.0, section on logs). */
const RETENTION_S = 90 * 24 * 3600;
/** Most rows in one statement. */
const PORTION = 5_000;

/** Deletes old history, and the oldest entries of owners with more than `QUOTA_EVENTS`. Runs on the leader. */
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
    // This quota refuses nothing, so its growth rate is not used.
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
