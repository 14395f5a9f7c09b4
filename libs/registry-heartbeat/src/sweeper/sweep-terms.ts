import type { LeaseTerms } from '#skills';

const TICKS_PER_INTERVAL = 4;
const LONGEST_TICK_MS = 1_000;
/** Nobody has swept for so long: members may have found nobody to beat to either. */
const SHORTEST_GAP_MS = 2_000;
const TICKS_PER_GAP = 3;
/** Self-preservation holds for so many leases at most (15 minutes by default, as Eureka's window). */
const FROZEN_LEASES = 10;

/** When the sweeper does what, in milliseconds. */
export interface SweepTerms {
  /** Between two sweeps: what an endpoint may outlive its lease by. */
  readonly tick: number;
  /** A pause between sweeps that is longer is an outage, or a clock that was set. */
  readonly gap: number;
  /** A leader whose sweeps fail for so long gives the lead up ... */
  readonly yieldAfter: number;
  /** ... and stands back for so long at most. */
  readonly yieldFor: number;
  /** How long self-preservation holds leases at most. */
  readonly longestFreeze: number;
  /** An endpoint that PostgreSQL heard of within this time is not overdue, whatever the lease store says. */
  readonly heardForWarning: number;
  /** The same for its end. */
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
