import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { EventLoopMonitor } from './event-loop-monitor.js';
import { GarbageCollectionMonitor } from './garbage-collection-monitor.js';
import { MetricRegistry } from './metric-registry.js';
import { registerProcessMetrics } from './process-metrics.js';

/** The metrics of the application: those of the process are here, and features add theirs, once, in a constructor. */
@Injectable()
export class MetricsService extends MetricRegistry implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly monitors = [new EventLoopMonitor(this), new GarbageCollectionMonitor(this)];

  constructor() {
    super();
    registerProcessMetrics(this);
  }

  onApplicationBootstrap(): void {
    for (const monitor of this.monitors) monitor.start();
  }

  beforeApplicationShutdown(): void {
    for (const monitor of this.monitors) monitor.stop();
  }
}
