import { ApiProperty } from '@nestjs/swagger';
import type { AiBridgeSettings } from '#config';

/** Length of a lease in intervals (interval: AI Bridge v0.6.0; all else: protocol.md section 5). */
const LEASE_INTERVALS = 3;
/** Intervals without a heartbeat until the health is `warning`: one missed heartbeat, and half an interval for the network. */
const WARN_INTERVALS = 1.5;
/** Members are asked to send the heartbeat early by a random part of the interval, so that they do not all come at once. */
const JITTER = 0.1;

/** When the next heartbeat is due, and when the lease ends without it. */
export class LeaseResponse {
  @ApiProperty({ format: 'date-time', example: '2026-01-18T00:01:30.000Z' })
  expires_at: string;

  @ApiProperty({ example: 90, description: 'Seconds that a lease lasts from a heartbeat' })
  ttl: number;
}

/** How long leases last, in milliseconds. */
export class LeaseTerms {
  /** Between two heartbeats. */
  readonly interval: number;
  /** Time without a heartbeat after which the health is `warning`. */
  readonly warnAfter: number;
  /** Time without a heartbeat after which the lease ends and the health is `unhealthy`. */
  readonly ttl: number;

  constructor({ heartbeatInterval }: Pick<AiBridgeSettings, 'heartbeatInterval'>) {
    this.interval = heartbeatInterval * 1000;
    this.warnAfter = this.interval * WARN_INTERVALS;
    this.ttl = this.interval * LEASE_INTERVALS;
  }

  /** A lease with this many milliseconds left; by default a full lease. */
  lease(remaining: number = this.ttl): LeaseResponse {
    return { expires_at: new Date(Date.now() + remaining).toISOString(), ttl: this.ttl / 1000 };
  }

  /** Seconds until the next heartbeat: random, at most the interval. */
  nextInterval(): number {
    return Math.round(this.interval * (1 - JITTER * Math.random())) / 1000;
  }
}
