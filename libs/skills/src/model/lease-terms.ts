import { ApiProperty } from '@nestjs/swagger';
import type { AiBridgeSettings } from '#config';

/** Intervals that a lease lasts (AI Bridge v0.6.0 fixes the interval; protocol.md section 5 the rest). */
const LEASE_INTERVALS = 3;
/** Intervals without a heartbeat until an endpoint's health is `warning`: one missed, and half of one for the network. */
const WARN_INTERVALS = 1.5;
/** Members are asked to come a little early, each by another part of the interval, so that they do not come together. */
const JITTER = 0.1;

/** When the next heartbeat is due, and until when the lease lasts without it. */
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
  /** Silence after which a lease is overdue: the health is `warning`. */
  readonly warnAfter: number;
  /** Silence after which a lease ends: the health is `unhealthy`. */
  readonly ttl: number;

  constructor({ heartbeatInterval }: Pick<AiBridgeSettings, 'heartbeatInterval'>) {
    this.interval = heartbeatInterval * 1000;
    this.warnAfter = this.interval * WARN_INTERVALS;
    this.ttl = this.interval * LEASE_INTERVALS;
  }

  /** A lease that has so many milliseconds left, by default a full one. */
  lease(remaining: number = this.ttl): LeaseResponse {
    return { expires_at: new Date(Date.now() + remaining).toISOString(), ttl: this.ttl / 1000 };
  }

  /** Seconds until a member should come again: a little random, never later than the interval. */
  nextInterval(): number {
    return Math.round(this.interval * (1 - JITTER * Math.random())) / 1000;
  }
}
