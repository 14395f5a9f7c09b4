import { Injectable } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { PROBE_RESULTS, type ProbeResult } from '#skills';

/** Results, durations and delays of probes. */
@Injectable()
export class ProbeMetrics {
  private readonly probes;
  private readonly skipped;
  private readonly durations;
  private readonly lag;

  constructor(metrics: MetricsService) {
    this.probes = metrics.counter({
      name: 'probes_total',
      help: 'Health checks of endpoints, by result.',
      labelNames: ['result'],
    });
    for (const result of PROBE_RESULTS) this.probes.inc({ result }, 0);
    this.skipped = metrics.counter({
      name: 'probes_skipped_total',
      help: 'Health checks that were skipped for an interval, because their host was at its limit.',
    });
    this.durations = metrics.histogram({
      name: 'probe_duration_seconds',
      help: 'Duration of health checks of endpoints.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    this.lag = metrics.gauge({
      name: 'probe_due_lag_seconds',
      help: 'Delay of the oldest due health check when this replica looked last.',
    });
  }

  probed(result: ProbeResult, milliseconds: number): void {
    this.probes.inc({ result });
    this.durations.observe(milliseconds / 1000);
  }

  skip(): void {
    this.skipped.inc();
  }

  late(milliseconds: number): void {
    this.lag.set(milliseconds / 1000);
  }
}
