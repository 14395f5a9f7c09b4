import { Injectable } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { BEAT_STATUSES, type BeatStatus } from './upstream-answers.js';

/** `failed`: the result is unknown. */
export type BeatResult = BeatStatus | 'failed';

/** Counts the heartbeats that this service sends as a member. */
@Injectable()
export class MembershipMetrics {
  private readonly heartbeats;

  constructor(metrics: MetricsService) {
    this.heartbeats = metrics.counter({
      name: 'registry_upstream_heartbeats_total',
      help: 'Heartbeats sent to the upstream registry, of this service and of its Skills, by result.',
      labelNames: ['result'],
    });
    for (const result of [...BEAT_STATUSES, 'failed'] as const) this.heartbeats.inc({ result }, 0);
  }

  count(result: BeatResult, heartbeats = 1): void {
    this.heartbeats.inc({ result }, heartbeats);
  }
}
