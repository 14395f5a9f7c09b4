import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { MetricRegistry } from './metric-registry.js';
import { processMetrics } from './process-metrics.js';

/** Metrics of the application, which features add once, in a constructor, and those of the process. */
@Injectable()
export class MetricsService extends MetricRegistry implements OnApplicationBootstrap {
  onApplicationBootstrap(): void {
    processMetrics();
  }

  override async render(): Promise<string> {
    return `${await processMetrics().metrics()}\n${await super.render()}`;
  }
}
