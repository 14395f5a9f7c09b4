import { Logger } from '@nestjs/common';
import { OutageLog } from '#logging';
import type { MembershipState } from './membership-state.js';

/** What the log says of the membership: one line when a state begins, however many rounds it lasts. */
export class MembershipLog {
  private readonly logger = new Logger('membership');
  private readonly local = new OutageLog(this.logger, 'Reading the Skills for the upstream registry');
  private outage: OutageLog;
  private rejectionTold = false;

  constructor(
    /** Where the upstream registry is. */
    private readonly registry: string,
    /** Name and version of this service there. */
    private readonly name: string,
  ) {
    this.outage = this.newOutage();
  }

  registered(before: MembershipState, publicUrl: string): void {
    this.local.end();
    this.rejectionTold = false;
    if (before === 'unreachable') this.outage.end();
    else if (before !== 'registered') {
      this.logger.log(`Registered with the upstream registry at ${this.registry} as ${this.name}, ${publicUrl}`);
    }
  }

  unreachable(reason: string): void {
    this.outage.begin(`${reason}. It is tried again; if there is none, set AI_BRIDGE_REGISTRY_URL to an empty value`);
  }

  rejected(): void {
    this.outage.end();
    if (!this.rejectionTold) {
      const why = `${this.name} belongs to another client of the upstream registry`;
      this.logger.warn(`${why}: set APP_NAME to a name of this service's own`);
    }
    this.rejectionTold = true;
  }

  circular(): void {
    this.outage.end();
    this.logger.warn(
      'AI_BRIDGE_REGISTRY_URL leads back to this service: it is a member of no registry until it restarts',
    );
  }

  /** PostgreSQL is away: of the upstream registry nothing is said. */
  localFault(error: unknown): void {
    this.local.begin(String(error));
  }

  unsaid(error: unknown): void {
    this.logger.debug(`Not unregistered from the upstream registry: ${String(error)}`);
  }

  /** Another replica is the member: what it finds is not ours to tell the end of. */
  handOver(): void {
    this.outage = this.newOutage();
  }

  private newOutage(): OutageLog {
    return new OutageLog(this.logger, `The upstream registry at ${this.registry}`);
  }
}
