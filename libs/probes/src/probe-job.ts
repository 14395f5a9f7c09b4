import type { ProbesSettings } from '#config';
import type { PeriodicJobOptions } from '#scheduling';

const LONGEST_TICK_MS = 1_000;
/** The least number of ticks in an interval. */
const TICKS = 4;

/** Options of a job of this room. It runs several times in each probe interval, and never if probes are switched off. */
export function probeJob({ interval }: ProbesSettings, job: { name: string; subject: string }): PeriodicJobOptions {
  const everyMs = Math.min(LONGEST_TICK_MS, (interval * 1000) / TICKS);
  return { ...job, everyMs, context: 'probes' };
}
