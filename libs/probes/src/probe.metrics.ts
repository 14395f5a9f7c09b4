import { Injectable } from '@nestjs/common';
import { MetricsService } from '#metrics';
import { PROBE_RESULTS, type ProbeResult } from '#skills';

/** What probes find, what they cost, and how late they are. */
@Injectable()
export class ProbeMetrics {
  private readonly probes;
  private readonly skipped;
  private readonly durations;
  private readonly lag;

  constructor(metrics: MetricsService) {
    this.probes = metrics.counter({
      name: 'probes_total',
      help: 'Health checks of endpoints, by what they found.',
      labelNames: ['result'],
    });
    for (const result of PROBE_RESULTS) this.probes.inc({ result }, 0);
    this.skipped = metrics.counter({
      name: 'probes_skipped_total',
      help: 'Health checks that were put off by an interval, because their host is asked by as many as it may be.',
    });
    this.durations = metrics.histogram({
      name: 'probe_duration_seconds',
      help: 'How long health checks of endpoints took.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    this.lag = metrics.gauge({
      name: 'probe_due_lag_seconds',
      help: 'By how much the health check that waited longest came too late, when this replica looked last.',
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
