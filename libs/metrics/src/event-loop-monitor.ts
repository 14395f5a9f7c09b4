import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { MetricRegistry } from './metric-registry.js';

/** Milliseconds between two samples. */
const RESOLUTION = 10;
const INTERVAL = RESOLUTION * 1e6;
const NANOSECONDS = 1e9;

/**
 * How late timers fire since the last read, under the names that prom-client's default metrics use. Those cannot be
 * stopped once started, and they count the sampling interval itself as lag; hence our own.
 */
export class EventLoopMonitor {
  private readonly delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION });

  constructor(metrics: MetricRegistry) {
    const updates: (() => void)[] = [];
    // Made first: a read asks the metrics in their order, and this one brings those below up to date.
    metrics.gauge({
      name: 'nodejs_eventloop_lag_seconds',
      help: 'Lag of the event loop at this moment, in seconds.',
      collect: async (metric) => {
        for (const update of updates) update();
        this.delays.reset();
        const asked = performance.now();
        await setImmediate();
        metric.set((performance.now() - asked) / 1000);
      },
    });
    const add = (statistic: string, what: string, nanosecondsOf: (delays: IntervalHistogram) => number): void => {
      const metric = metrics.gauge({
        name: `nodejs_eventloop_lag_${statistic}_seconds`,
        help: `${what} of the event loop lag since the last read, in seconds.`,
      });
      updates.push(() => {
        metric.set(this.delays.count === 0 ? 0 : Math.max(0, nanosecondsOf(this.delays)) / NANOSECONDS);
      });
    };
    add('min', 'Minimum', ({ min }) => min - INTERVAL);
    add('max', 'Maximum', ({ max }) => max - INTERVAL);
    add('mean', 'Mean', ({ mean }) => mean - INTERVAL);
    add('stddev', 'Standard deviation', ({ stddev }) => stddev);
    add('p50', '50th percentile', (delays) => delays.percentile(50) - INTERVAL);
    add('p90', '90th percentile', (delays) => delays.percentile(90) - INTERVAL);
    add('p99', '99th percentile', (delays) => delays.percentile(99) - INTERVAL);
  }

  start(): void {
    this.delays.enable();
  }

  stop(): void {
    this.delays.disable();
  }
}
