import { constants, PerformanceObserver } from 'node:perf_hooks';
import type { MetricRegistry } from './metric-registry.js';

const KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/** Pauses of the garbage collector, under the name of prom-client's default metric, which cannot be stopped. */
export class GarbageCollectionMonitor {
  private readonly observer: PerformanceObserver;

  constructor(metrics: MetricRegistry) {
    const pauses = metrics.histogram({
      name: 'nodejs_gc_duration_seconds',
      help: 'Duration of garbage collections, in seconds.',
      labelNames: ['kind'],
      buckets: [0.001, 0.01, 0.1, 1, 2, 5],
    });
    for (const kind of Object.values(KINDS)) pauses.zero({ kind });
    this.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { kind } = (entry as { detail?: { kind: number } }).detail ?? { kind: 0 };
        pauses.observe({ kind: KINDS[kind] ?? 'other' }, entry.duration / 1000);
      }
    });
  }

  start(): void {
    this.observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    this.observer.disconnect();
  }
}
