import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

/**
 * Whether this instance takes new work. It drains before it stops: /readyz fails, so that load balancers use other
 * replicas, while requests are still served and /livez succeeds, so that the process is not killed early.
 */
@Injectable()
export class LifecycleState implements OnModuleDestroy {
  private readonly logger = new Logger('health');
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /** Cannot be undone. The shutdown calls it on SIGTERM, some seconds before it closes the server. */
  startDraining(): void {
    if (!this.draining) this.logger.log('draining: no longer ready for new requests');
    this.draining = true;
  }

  /** The first thing that Nest does when an application closes. */
  onModuleDestroy(): void {
    this.startDraining();
  }
}
