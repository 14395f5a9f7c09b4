import type { MetricsService } from '#metrics';

/** What the calls of this service keep open, and what the guard refuses. */
export class OutboundMetrics {
  private readonly refusals;

  constructor(metrics: MetricsService, open: () => { http: number; ws: number }) {
    this.refusals = metrics.counter({
      name: 'outbound_refusals_total',
      help: 'Calls of registered addresses that the guard refused: private and other special ranges, schemes, credentials.',
    });
    metrics.gauge({
      name: 'outbound_connections_open',
      help: 'Connections to registered addresses, by protocol.',
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
