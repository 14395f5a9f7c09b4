import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { LeaderElection } from '#database';
import { PeriodicJob } from '#scheduling';
import { AuditRetention } from './audit-retention.js';
import { AuditSealer } from './audit-sealer.js';
import { RefusedRequests } from './refused-requests.js';

const FLUSH_EVERY_MS = 1_000;
const SEAL_EVERY_MS = 10_000;
const PURGE_EVERY_MS = 6 * 3600 * 1000;

/** The scheduled jobs of the audit log, each one at a time. The leader seals and purges; every replica writes its own. */
@Injectable()
export class AuditJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly writing: PeriodicJob;
  private readonly jobs: readonly PeriodicJob[];

  constructor(
    scheduler: SchedulerRegistry,
    leader: LeaderElection,
    private readonly refused: RefusedRequests,
    sealer: AuditSealer,
    retention: AuditRetention,
  ) {
    const context = 'audit';
    const isDue = (): boolean => leader.isLeader;
    const writing = {
      name: 'audit-refused',
      everyMs: FLUSH_EVERY_MS,
      context,
      subject: 'Writing refused requests to the audit log',
    };
    const sealing = { name: 'audit-seal', everyMs: SEAL_EVERY_MS, context, subject: 'Sealing of the audit log', isDue };
    const purging = { name: 'audit-purge', everyMs: PURGE_EVERY_MS, context, subject: 'Deleting old audit', isDue };
    this.writing = new PeriodicJob(scheduler, writing, () => refused.flush());
    this.jobs = [
      this.writing,
      new PeriodicJob(scheduler, sealing, () => sealer.seal()),
      new PeriodicJob(scheduler, purging, () => retention.purge()),
    ];
  }

  onApplicationBootstrap(): void {
    for (const job of this.jobs) job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.jobs.map((job) => job.stop()));
    this.refused.endWindows();
    await this.writing.run();
    this.refused.giveUp();
  }
}
