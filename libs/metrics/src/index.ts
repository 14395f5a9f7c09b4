export type { Collect } from './collect-guard.js';
export { type HttpMetrics, registerHttpMetrics } from './http-metrics.js';
export { type HistogramOptions, type MetricOptions, MetricRegistry } from './metric-registry.js';
export { MetricsModule } from './metrics.module.js';
export { MetricsService } from './metrics.service.js';
export type { Counter, Gauge, Histogram } from 'prom-client';
