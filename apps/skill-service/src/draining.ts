import { Injectable } from '@nestjs/common';
import { onResponseEnd, PROBE_ROUTES, UnavailableError } from '#common';
import { LifecycleState } from '#health';
import type { FastifyInstance } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The last requests of a service that is stopping. The server goes on listening until they are done, so that load
 * balancers see /readyz say no rather than a closed port.
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

  /** While it drains every answer ends its connection, so that its owner goes elsewhere; once it refuses, new work gets 503 (1008). */
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

  /** Counts a request that is in flight; call what it returns, once, when it is over. */
  hold(): () => void {
    this.inFlight += 1;
    return () => {
      this.inFlight -= 1;
      if (this.inFlight === 0) this.onIdle?.();
    };
  }

  /**
   * Says no to /readyz and serves on for `notice` milliseconds, in which who sends requests learns of it; then takes no
   * more and waits until none is in flight. Returns false when some still are after `timeout` milliseconds more.
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
