import { Injectable } from '@nestjs/common';
import { MetricsService } from '#metrics';

const RESULTS = ['ok', 'unknown', 'stale', 'foreign', 'removed', 'no-endpoint'] as const;
export type HeartbeatOutcome = (typeof RESULTS)[number];

/** Counts heartbeats. */
@Injectable()
export class HeartbeatMetrics {
  private readonly heartbeats;

  constructor(metrics: MetricsService) {
    this.heartbeats = metrics.counter({
      name: 'registry_heartbeats_total',
      help: 'Heartbeats by result; unknown and removed: the member has to register again, stale: a newer registration has taken over.',
      labelNames: ['result'],
    });
    for (const result of RESULTS) this.heartbeats.inc({ result }, 0);
  }

  count(result: HeartbeatOutcome): void {
    this.heartbeats.inc({ result });
  }
}
