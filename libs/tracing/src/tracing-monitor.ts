import type { OnApplicationShutdown } from '@nestjs/common';
import type { MetricsService } from '#metrics';
import type { SpanCounts, Tracing } from './tracer.js';

/** Milliseconds for sending the last spans at shutdown; pools and the embedded server stop after that. */
const STOP_WITHIN_MS = 2_000;

/** Counts spans, and sends the last ones at shutdown, when requests, jobs and calls have ended. */
export class TracingMonitor implements OnApplicationShutdown {
  constructor(
    private readonly tracing: Tracing,
    metrics: MetricsService,
  ) {
    const { counts } = tracing;
    const counted = { exported: 0, failed: 0, dropped: 0 };
    const since = (key: keyof SpanCounts): number => {
      const more = counts[key] - counted[key];
      counted[key] += more;
      return more;
    };
    metrics.counter({
      name: 'trace_spans_exported_total',
      help: 'Spans that the collector has taken.',
      collect: (counter) => {
        counter.inc(since('exported'));
      },
    });
    metrics.counter({
      name: 'trace_spans_lost_total',
      help: 'Spans that are lost: too many waited (queue), or the collector did not take them (export).',
      labelNames: ['reason'],
      collect: (counter) => {
        counter.inc({ reason: 'queue' }, since('dropped'));
        counter.inc({ reason: 'export' }, since('failed'));
      },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tracing.stop(STOP_WITHIN_MS);
  }
}
