import { Logger } from '@nestjs/common';
import { OutageLog } from '#logging';
import type { MembershipState } from './membership-state.js';

/** Logs the membership: one line when a state begins, however many rounds it lasts. */
export class MembershipLog {
  private readonly logger = new Logger('membership');
  private readonly local = new OutageLog(this.logger, 'Reading the Skills for the upstream registry');
  private outage: OutageLog;
  private rejectionLogged = false;

  constructor(
    /** URL of the upstream registry. */
    private readonly registry: string,
    /** Name and version of this service. */
    private readonly name: string,
  ) {
    this.outage = this.newOutage();
  }

  registered(before: MembershipState, publicUrl: string): void {
    this.local.end();
    this.rejectionLogged = false;
    if (before === 'unreachable') this.outage.end();
    else if (before !== 'registered') {
      this.logger.log(`Registered with the upstream registry at ${this.registry} as ${this.name}, ${publicUrl}`);
    }
  }

  unreachable(reason: string): void {
    this.outage.begin(
      `${reason}. Retrying; if you have no upstream registry, set AI_BRIDGE_REGISTRY_URL to an empty value`,
    );
  }

  rejected(): void {
    this.outage.end();
    if (!this.rejectionLogged) {
      const why = `${this.name} belongs to another client of the upstream registry`;
      this.logger.warn(`${why}: set APP_NAME to another name`);
    }
    this.rejectionLogged = true;
  }

  circular(): void {
    this.outage.end();
    this.logger.warn(
      'AI_BRIDGE_REGISTRY_URL leads back to this service: it is not a member of any registry until it restarts',
    );
  }

  /** PostgreSQL is unavailable; this says nothing about the upstream registry. */
  localFault(error: unknown): void {
    this.local.begin(String(error));
  }

  notUnregistered(error: unknown): void {
    this.logger.debug(`Not unregistered from the upstream registry: ${String(error)}`);
  }

  /** Another replica is the member now, so this one does not log the end of an outage. */
  handOver(): void {
    this.outage = this.newOutage();
  }

  private newOutage(): OutageLog {
    return new OutageLog(this.logger, `The upstream registry at ${this.registry}`);
  }
}
