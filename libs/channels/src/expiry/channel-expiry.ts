import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { AuditLog, systemActor } from '#auth';
import { type ChannelSettings, channelSettings } from '#config';
import { Transactions } from '#database';
import { PeriodicJob } from '#scheduling';
import { ChannelExpiryRepository } from './channel-expiry.repository.js';
import { ChannelMetrics } from '../channels.metrics.js';

const EVERY_MS = 5_000;
/** Channels of one transaction. */
const BATCH = 500;
const ACTOR = 'channel-expiry';

/**
 * Closes channels that have expired, which everybody sees as closed already, and deletes those that ended
 * CHANNEL_RETENTION seconds ago. Every replica does so: they pass over what another holds.
 */
@Injectable()
export class ChannelExpiry implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: PeriodicJob;

  constructor(
    private readonly repository: ChannelExpiryRepository,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
    private readonly metrics: ChannelMetrics,
    @Inject(channelSettings.KEY) private readonly settings: ChannelSettings,
    scheduler: SchedulerRegistry,
  ) {
    const options = { name: ACTOR, everyMs: EVERY_MS, context: 'channels', subject: 'The end of channels' };
    this.job = new PeriodicJob(scheduler, options, () => this.work());
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.job.stop();
  }

  /** One at a time; never rejects. */
  run(): Promise<void> {
    return this.job.run();
  }

  private async work(): Promise<void> {
    while (!this.job.isStopping && (await this.closeSome()) === BATCH);
    while (!this.job.isStopping && (await this.deleteSome()) === BATCH);
  }

  private async closeSome(): Promise<number> {
    const closed = await this.transactions.run(async (tx) => {
      const expired = await this.repository.closeExpired(tx, BATCH);
      const changes = expired.map(({ id, space_id }) => ({
        action: 'channel.close',
        target: `channel:${id}`,
        before: { status: 'open' },
        after: { status: 'closed' },
        spaces: [space_id],
      }));
      await this.audit.record(tx, systemActor(ACTOR), changes);
      return expired.length;
    });
    this.metrics.closed('expired', closed);
    return closed;
  }

  private deleteSome(): Promise<number> {
    return this.transactions.run((tx) => this.repository.deleteEnded(tx, this.settings.retention, BATCH));
  }
}
