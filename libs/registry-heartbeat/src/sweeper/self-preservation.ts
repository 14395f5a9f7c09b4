import type { LeaseCensus, SweepMarks } from '../leases/lease-store.js';

/** Share of the leases that may end within one interval (protocol.md section 5). */
const MAX_SHARE = 0.15;
/** Fewer than this never count as many. */
const MIN_EXPIRING = 10;

export type Preservation = Pick<SweepMarks, 'threatenedSince' | 'frozen'>;

/** Whether so many leases would end within one interval that the fault is rather here, or in between, than with them. */
export function isThreatened({ onTime, overdue, expiring }: LeaseCensus): boolean {
  return expiring >= MIN_EXPIRING && expiring > MAX_SHARE * (onTime + overdue);
}

/**
 * Holds all leases while too many would end at once, and for `longest` milliseconds at most: who is silent for that long
 * is gone, however many they are. Freezing again takes that the threat was over in between.
 */
export function preserve(before: Preservation, census: LeaseCensus, now: number, longest: number): Preservation {
  if (!isThreatened(census)) return { threatenedSince: 0, frozen: false };
  const since = before.threatenedSince;
  // In the future: the clock stepped back.
  const threatenedSince = since === 0 || since > now ? now : since;
  return { threatenedSince, frozen: now - threatenedSince < longest };
}
