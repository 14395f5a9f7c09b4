import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { AuditLog, systemActor } from '#auth';
import { type ChannelSettings, channelSettings } from '#config';
import { Transactions } from '#database';
import { PeriodicService } from '#scheduling';
import { ChannelExpiryRepository } from './channel-expiry.repository.js';
import { ChannelMetrics } from '../channels.metrics.js';

const EVERY_MS = 5_000;
/** Channels in one transaction. */
const BATCH = 500;
const ACTOR = 'channel-expiry';

/**
 * Closes expired channels (all reads show them as closed already), and deletes channels that ended CHANNEL_RETENTION seconds
 * ago. Every replica does so; rows that another replica has locked are skipped.
 */
@Injectable()
export class ChannelExpiry extends PeriodicService {
  constructor(
    private readonly repository: ChannelExpiryRepository,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
    private readonly metrics: ChannelMetrics,
    @Inject(channelSettings.KEY) private readonly settings: ChannelSettings,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, { name: ACTOR, everyMs: EVERY_MS, context: 'channels', subject: 'The end of channels' });
  }

  protected async work(): Promise<void> {
    await this.job.inPortions(BATCH, (limit) => this.closeSome(limit));
    await this.job.inPortions(BATCH, (limit) => this.deleteSome(limit));
  }

  private async closeSome(limit: number): Promise<number> {
    const closed = await this.transactions.run(async (tx) => {
      const expired = await this.repository.closeExpired(tx, limit);
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

  private deleteSome(limit: number): Promise<number> {
    return this.transactions.run((tx) => this.repository.deleteEnded(tx, this.settings.retention, limit));
  }
}
