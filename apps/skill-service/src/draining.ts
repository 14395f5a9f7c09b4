import { Injectable } from '@nestjs/common';
import { onResponseEnd, PROBE_ROUTES, UnavailableError } from '#common';
import { LifecycleState } from '#health';
import type { FastifyInstance } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Finishes the last requests of a service that is stopping. The server listens until they are done, so that load balancers
 * get an answer from /readyz instead of a closed port.
 */
@Injectable()
export class Draining {
  private inFlight = 0;
  private isRefusing = false;
  private onIdle?: () => void;

  constructor(private readonly lifecycle: LifecycleState) {}

  get isDraining(): boolean {
    return this.lifecycle.isDraining;
  }

  /** While it drains, every answer closes its connection, so that the client uses another replica; later requests get 503 (1008). */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      if (PROBE_ROUTES.has(request.routeOptions.url ?? '')) {
        done();
      } else if (this.isRefusing) {
        done(new UnavailableError('The service is stopping'));
      } else {
        onResponseEnd(request, reply, this.hold());
        done();
      }
    });
    fastify.addHook('onSend', (request, reply, _payload, done) => {
      if (this.isDraining && !PROBE_ROUTES.has(request.routeOptions.url ?? '')) {
        void reply.header('connection', 'close');
      }
      done();
    });
  }

  /** Counts a request in flight. Call the returned function once, when the request is over. */
  hold(): () => void {
    this.inFlight += 1;
    return () => {
      this.inFlight -= 1;
      if (this.inFlight === 0) this.onIdle?.();
    };
  }

  /**
   * Makes /readyz fail and serves requests for `notice` more milliseconds, in which load balancers notice it. Then refuses
   * new requests and waits until none is in flight. Returns false if some still are after another `timeout` milliseconds.
   */
  async finish({ notice, timeout }: { notice: number; timeout: number }): Promise<boolean> {
    this.lifecycle.startDraining();
    if (notice > 0) await delay(notice);
    this.isRefusing = true;
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
