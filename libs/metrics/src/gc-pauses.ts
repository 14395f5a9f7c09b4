import { constants, PerformanceObserver } from 'node:perf_hooks';
import { Histogram, type Registry } from 'prom-client';

const KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/**
 * Pauses of the garbage collector. prom-client's metric of the same name takes one pause of those that Node reports
 * together, and misses 40 % of them while large bodies are handled (docs/adr/0039).
 */
export function observeGcPauses(registry: Registry): void {
  const pauses = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Duration of garbage collections, in seconds.',
    labelNames: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
    registers: [registry],
  });
  for (const kind of Object.values(KINDS)) pauses.zero({ kind });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as { detail?: { kind: number } }).detail ?? { kind: 0 };
      pauses.observe({ kind: KINDS[kind] ?? 'other' }, entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
}
