import { getHeapStatistics } from 'node:v8';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { observeGcPauses } from './gc-pauses.js';

let registry: Registry | undefined;

/**
 * Metrics of the process: prom-client's default ones, which every dashboard for Node expects, and the limit of the heap.
 * One registry for all applications of the process (tests have several): these metrics cannot be stopped.
 */
export function processMetrics(): Registry {
  if (registry) return registry;
  registry = new Registry();
  collectDefaultMetrics({ register: registry });
  registry.removeSingleMetric('nodejs_gc_duration_seconds');
  observeGcPauses(registry);
  new Gauge({
    name: 'nodejs_heap_size_limit_bytes',
    help: 'Most that the heap may use, in bytes: beyond it Node ends the process, whatever memory the machine has left.',
    registers: [registry],
  }).set(getHeapStatistics().heap_size_limit);
  return registry;
}
