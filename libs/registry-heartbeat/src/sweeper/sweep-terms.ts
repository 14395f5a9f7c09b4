import type { LeaseTerms } from '#skills';

const TICKS_PER_INTERVAL = 4;
const LONGEST_TICK_MS = 1_000;
/** If no replica has swept for this time, members may not have reached the registry either. */
const SHORTEST_GAP_MS = 2_000;
const TICKS_PER_GAP = 3;
/** Self-preservation lasts for this many lease times at most (15 minutes by default, as in Eureka). */
const FROZEN_LEASES = 10;

/** Times of the sweeper, in milliseconds. */
export interface SweepTerms {
  /** Time between two sweeps, and so the longest time by which a lease may end late. */
  readonly tick: number;
  /** A longer pause between sweeps means an outage or a clock change. */
  readonly gap: number;
  /** A leader whose sweeps fail for this time resigns. */
  readonly yieldAfter: number;
  /** A leader that resigned does not campaign for this time at most. */
  readonly yieldFor: number;
  /** The longest time of self-preservation. */
  readonly longestFreeze: number;
  /** An endpoint with a heartbeat in PostgreSQL within this time is not overdue, even if the lease store has none. */
  readonly heardForWarning: number;
  /** A lease with a heartbeat in PostgreSQL within this time does not end, even if the lease store has none. */
  readonly heardForEnd: number;
}

export function sweepTerms({ interval, warnAfter, ttl }: LeaseTerms): SweepTerms {
  const tick = Math.min(LONGEST_TICK_MS, interval / TICKS_PER_INTERVAL);
  const gap = Math.min(interval, Math.max(SHORTEST_GAP_MS, TICKS_PER_GAP * tick));
  return {
    tick,
    gap,
    yieldAfter: 2 * gap,
    yieldFor: 4 * gap,
    longestFreeze: FROZEN_LEASES * ttl,
    heardForWarning: warnAfter - interval / TICKS_PER_INTERVAL,
    heardForEnd: ttl - interval,
  };
}
