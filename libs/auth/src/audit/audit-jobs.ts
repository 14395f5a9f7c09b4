import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { LeaderElection } from '#database';
import { OutageLog } from '#logging';
import { AuditRetention } from './audit-retention.js';
import { AuditSealer } from './audit-sealer.js';
import { RefusedRequests } from './refused-requests.js';

const FLUSH_EVERY_MS = 1_000;
const SEAL_EVERY_MS = 10_000;
const PURGE_EVERY_MS = 6 * 3600 * 1000;

/** The scheduled jobs of the audit log, each one at a time. The leader seals and purges; every replica writes its own. */
@Injectable()
export class AuditJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('audit');
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly leader: LeaderElection,
    private readonly refused: RefusedRequests,
    private readonly sealer: AuditSealer,
    private readonly retention: AuditRetention,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule('audit-refused', FLUSH_EVERY_MS, () => this.refused.flush());
    this.schedule(
      'audit-seal',
      SEAL_EVERY_MS,
      this.asLeader('Sealing of the audit log', () => this.sealer.seal()),
    );
    this.schedule(
      'audit-purge',
      PURGE_EVERY_MS,
      this.asLeader('Deleting old audit', () => this.retention.purge()),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const name of this.running.keys()) this.scheduler.deleteInterval(name);
    await Promise.all(this.running.values());
    this.running.clear();
    await this.refused.flush();
    this.refused.giveUp();
  }

  private schedule(name: string, every: number, job: () => Promise<void>): void {
    this.running.set(name, Promise.resolve());
    let isRunning = false;
    const tick = (): void => {
      if (isRunning) return;
      isRunning = true;
      const run = job().finally(() => {
        isRunning = false;
      });
      this.running.set(name, run);
    };
    this.scheduler.addInterval(name, setInterval(tick, every));
  }

  private asLeader(subject: string, job: () => Promise<number>): () => Promise<void> {
    const outage = new OutageLog(this.logger, subject);
    return async () => {
      if (!this.leader.isLeader) return;
      try {
        await job();
        outage.end();
      } catch (error) {
        outage.begin(String(error));
      }
    };
  }
}
