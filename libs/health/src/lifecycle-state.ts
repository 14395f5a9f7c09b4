import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

/**
 * Whether this instance still takes new work. Draining comes before the end: /readyz says no, so that load balancers
 * look elsewhere, while requests are still served and /livez says yes, so that nobody kills the process early.
 */
@Injectable()
export class LifecycleState implements OnModuleDestroy {
  private readonly logger = new Logger('health');
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /** Cannot be taken back. The shutdown calls it on SIGTERM, some seconds before it closes the server. */
  startDraining(): void {
    if (!this.draining) this.logger.log('draining: no longer ready for new requests');
    this.draining = true;
  }

  /** The first thing that Nest does when an application closes. */
  onModuleDestroy(): void {
    this.startDraining();
  }
}
