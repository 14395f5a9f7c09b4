import type { LeaseCensus, SweepMarks } from '../leases/lease-store.js';

/** Share of the leases that may end within one interval (protocol.md section 5). */
const MAX_SHARE = 0.15;
/** Self-preservation ignores fewer leases than this. */
const MIN_EXPIRING = 10;

export type Preservation = Pick<SweepMarks, 'threatenedSince' | 'frozen'>;

/** Whether so many leases would end within one interval that the fault is probably in the registry or the network. */
export function isThreatened({ onTime, overdue, expiring }: LeaseCensus): boolean {
  return expiring >= MIN_EXPIRING && expiring > MAX_SHARE * (onTime + overdue);
}

/**
 * Lets no lease end while too many would end at once, for `longest` milliseconds at most: members that are silent for
 * longer are gone, however many they are. It can freeze again only after the threat was over.
 */
export function preserve(before: Preservation, census: LeaseCensus, now: number, longest: number): Preservation {
  if (!isThreatened(census)) return { threatenedSince: 0, frozen: false };
  const since = before.threatenedSince;
  // A time in the future means that the clock stepped back.
  const threatenedSince = since === 0 || since > now ? now : since;
  return { threatenedSince, frozen: now - threatenedSince < longest };
}
