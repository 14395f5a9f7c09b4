import { Injectable } from '@nestjs/common';
import { MetricsService } from '#metrics';

/** Durations and delays of sweeps. */
@Injectable()
export class SweepMetrics {
  private readonly duration;
  private readonly lateness;
  private readonly freezes;

  constructor(metrics: MetricsService) {
    this.duration = metrics.histogram({
      name: 'registry_sweep_duration_seconds',
      help: 'Time that a sweep of leases took, on the replica that leads.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    });
    this.lateness = metrics.gauge({
      name: 'registry_sweep_lag_seconds',
      help: 'How late the last sweep ended its oldest lease; 0 if it ended none.',
    });
    this.freezes = metrics.counter({
      name: 'registry_freezes_total',
      help: 'Number of times that self-preservation began.',
    });
  }

  swept(milliseconds: number): void {
    this.duration.observe(milliseconds / 1000);
  }

  lag(milliseconds: number): void {
    this.lateness.set(milliseconds / 1000);
  }

  froze(): void {
    this.freezes.inc();
  }
}
