import { Injectable } from '@nestjs/common';
import { onResponseEnd, UnavailableError } from '#common';
import { LifecycleState } from '#health';
import type { FastifyInstance } from 'fastify';

const PROBES = new Set(['/health', '/livez', '/readyz', '/metrics']);

/**
 * The last requests of a service that is stopping. The server goes on listening until they are done, so that load
 * balancers see /readyz say no rather than a closed port.
 */
@Injectable()
export class Draining {
  private inFlight = 0;
  private onIdle?: () => void;

  constructor(private readonly lifecycle: LifecycleState) {}

  /** No new work from now on: 503 (1008), and the connection closes, so that its owner goes elsewhere. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      if (PROBES.has(request.routeOptions.url ?? '')) {
        done();
      } else if (this.lifecycle.isDraining) {
        done(new UnavailableError('The service is stopping'));
      } else {
        this.inFlight += 1;
        onResponseEnd(request, reply, () => {
          this.inFlight -= 1;
          if (this.inFlight === 0) this.onIdle?.();
        });
        done();
      }
    });
    fastify.addHook('onSend', (request, reply, _payload, done) => {
      if (this.lifecycle.isDraining && !PROBES.has(request.routeOptions.url ?? '')) {
        void reply.header('connection', 'close');
      }
      done();
    });
  }

  /** Waits until no request is in flight. Returns false when some still are after so many milliseconds. */
  async finish(timeout: number): Promise<boolean> {
    this.lifecycle.startDraining();
    if (this.inFlight === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(false);
      }, timeout);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
