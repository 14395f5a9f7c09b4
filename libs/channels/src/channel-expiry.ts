import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { AuditLog, systemActor } from '#auth';
import { type ChannelSettings, channelSettings } from '#config';
import { Transactions } from '#database';
import { OutageLog } from '#logging';
import { ChannelExpiryRepository } from './channel-expiry.repository.js';
import { ChannelMetrics } from './channels.metrics.js';

const EVERY_MS = 5_000;
/** Channels of one transaction. */
const BATCH = 500;
const ACTOR = 'channel-expiry';

/**
 * Closes channels that have expired, which everybody sees as closed already, and deletes those that ended
 * CHANNEL_RETENTION seconds ago. Every replica does so: they pass over what another holds.
 */
@Injectable()
export class ChannelExpiry implements BeforeApplicationShutdown {
  private readonly outage = new OutageLog(new Logger('channels'), 'The end of channels');
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(
    private readonly repository: ChannelExpiryRepository,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
    private readonly metrics: ChannelMetrics,
    @Inject(channelSettings.KEY) private readonly settings: ChannelSettings,
  ) {}

  /** One at a time; never rejects. */
  @Interval(EVERY_MS)
  run(): Promise<void> {
    this.running ??= this.work().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async work(): Promise<void> {
    try {
      while (!this.stopping && (await this.closeSome()) === BATCH);
      while (!this.stopping && (await this.deleteSome()) === BATCH);
      this.outage.end();
    } catch (error) {
      this.outage.begin(String(error));
    }
  }

  private async closeSome(): Promise<number> {
    const closed = await this.transactions.run(async (tx) => {
      const ids = await this.repository.closeExpired(tx, BATCH);
      const changes = ids.map((id) => ({
        action: 'channel.close',
        target: `channel:${id}`,
        before: { status: 'open' },
        after: { status: 'closed' },
      }));
      await this.audit.record(tx, systemActor(ACTOR), changes);
      return ids.length;
    });
    this.metrics.closed('expired', closed);
    return closed;
  }

  private deleteSome(): Promise<number> {
    return this.transactions.run((tx) => this.repository.deleteEnded(tx, this.settings.retention, BATCH));
  }
}
