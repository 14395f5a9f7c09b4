import { Logger } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Collect, guardCollect } from './collect-guard.js';

/** Milliseconds for one collect. Prometheus abandons a scrape after 10 s by default. */
const COLLECT_TIMEOUT = 1000;

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

export interface MetricOptions<L extends string, M> {
  /** Name in Prometheus' convention: unit last, counters end in `_total` (`skills_registered_total`). */
  name: string;
  help: string;
  /** Every combination of values is a time series: never use input of callers, an id or a URL. */
  labelNames?: readonly L[];
  /** Called before each scrape, for values that are cheaper to read than to track. See `guardCollect`. */
  collect?: Collect<M>;
}

export interface HistogramOptions<L extends string> extends MetricOptions<L, Histogram<L>> {
  /** Upper bounds, in the unit of the name. */
  buckets: number[];
}

/** Metrics that belong together. Not prom-client's global registry: several applications may live in one process. */
export class MetricRegistry {
  private readonly logger = new Logger('metrics');
  private readonly registry = new Registry();
  private readonly failures = this.counter({
    name: 'metrics_collect_failures_total',
    help: 'Collects that failed or took too long; the metric kept its last value.',
    labelNames: ['metric'],
  });

  /** @throws Error when the name is taken; `gauge` and `histogram` too. */
  counter<L extends string>(options: MetricOptions<L, Counter<L>>): Counter<L> {
    return new Counter({ ...options, registers: [this.registry], collect: this.guard(options) });
  }

  gauge<L extends string>(options: MetricOptions<L, Gauge<L>>): Gauge<L> {
    return new Gauge({ ...options, registers: [this.registry], collect: this.guard(options) });
  }

  histogram<L extends string>(options: HistogramOptions<L>): Histogram<L> {
    return new Histogram({ ...options, registers: [this.registry], collect: this.guard(options) });
  }

  /** All metrics in Prometheus' text format. Takes COLLECT_TIMEOUT at most. */
  render(): Promise<string> {
    return this.registry.metrics();
  }

  private guard<M>({ name, collect }: MetricOptions<string, M>): ((this: M) => Promise<void>) | undefined {
    if (!collect) return undefined;
    return guardCollect(name, collect, {
      timeout: COLLECT_TIMEOUT,
      logger: this.logger,
      onFailure: () => {
        this.failures.inc({ metric: name });
      },
    });
  }
}
