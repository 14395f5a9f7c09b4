import { UnavailableError } from '#common';
import type { LifecycleState } from '#health';
import type { FastifyInstance } from 'fastify';

const PROBES = new Set(['/health', '/livez', '/readyz', '/metrics']);

/** No new work once the service is stopping: 503 (1008), and the connection closes, so that its owner goes elsewhere. */
export function refuseWhileDraining(fastify: FastifyInstance, lifecycle: LifecycleState): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!lifecycle.isDraining || PROBES.has(request.routeOptions.url ?? '')) {
      done();
      return;
    }
    void reply.header('connection', 'close');
    done(new UnavailableError('The service is stopping'));
  });
}
