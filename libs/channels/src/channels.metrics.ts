import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { ChannelExpiryRepository } from './expiry/channel-expiry.repository.js';

const REASONS = ['client', 'expired'] as const;
export type CloseReason = (typeof REASONS)[number];

/** Milliseconds for which a count is reused: several scrapers cost as much as one. */
const FRESH_MS = 5_000;

/** Counts channels. */
@Injectable()
export class ChannelMetrics implements OnModuleInit {
  private readonly createdTotal;
  private readonly closedTotal;
  private countedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly metrics: MetricsService,
    private readonly repository: ChannelExpiryRepository,
  ) {
    this.createdTotal = metrics.counter({ name: 'channels_created_total', help: 'Channels opened.' });
    this.closedTotal = metrics.counter({
      name: 'channels_closed_total',
      help: 'Channels closed, by reason; those deleted with their Skill or capability are not counted.',
      labelNames: ['reason'],
    });
    for (const reason of REASONS) this.closedTotal.inc({ reason }, 0);
  }

  onModuleInit(): void {
    this.metrics.gauge({
      name: 'channels_open',
      help: 'Channels that are open.',
      collect: async (gauge) => {
        if (performance.now() - this.countedAt < FRESH_MS) return;
        const count = await this.repository.countOpen();
        this.countedAt = performance.now();
        gauge.set(count);
      },
    });
  }

  created(): void {
    this.createdTotal.inc();
  }

  closed(reason: CloseReason, count = 1): void {
    this.closedTotal.inc({ reason }, count);
  }
}
