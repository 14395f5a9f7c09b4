import type { Server } from 'node:net';
import type { MetricsService } from '#metrics';

/**
 * Closes, and counts, every new connection beyond `max`: each connection costs memory and a file descriptor, also a silent
 * one.
 */
export function limitConnections(server: Server, max: number, metrics: MetricsService): void {
  const dropped = metrics.counter({
    name: 'http_connections_dropped_total',
    help: 'Connections that were closed as they came, because there were APP_MAX_CONNECTIONS already.',
  });
  server.maxConnections = max;
  server.on('drop', () => {
    dropped.inc();
  });
}
