import type { ProbesSettings } from '#config';
import type { PeriodicJobOptions } from '#scheduling';

const LONGEST_TICK_MS = 1_000;
/** Ticks in an interval at least. */
const TICKS = 4;

/** Of a job of this room: it runs several times in every interval, and never where probes are switched off. */
export function probeJob({ interval }: ProbesSettings, job: { name: string; subject: string }): PeriodicJobOptions {
  const everyMs = Math.min(LONGEST_TICK_MS, (interval * 1000) / TICKS);
  return { ...job, everyMs, context: 'probes' };
}
