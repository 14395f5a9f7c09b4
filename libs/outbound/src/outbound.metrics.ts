import type { MetricsService } from '#metrics';

/** Counts open connections, and calls that the guard refused. */
export class OutboundMetrics {
  private readonly refusals;

  constructor(metrics: MetricsService, open: () => { http: number; ws: number }) {
    this.refusals = metrics.counter({
      name: 'outbound_refusals_total',
      help: 'Calls that the guard refused: private and other special ranges, schemes, credentials in the URL.',
    });
    metrics.gauge({
      name: 'outbound_connections_open',
      help: 'Open connections to registered addresses, by protocol.',
      labelNames: ['protocol'],
      collect: (gauge) => {
        const { http, ws } = open();
        gauge.set({ protocol: 'http' }, http);
        gauge.set({ protocol: 'ws' }, ws);
      },
    });
  }

  countRefusal(): void {
    this.refusals.inc();
  }
}
