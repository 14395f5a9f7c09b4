import type { SchedulerRegistry } from '@nestjs/schedule';
import type { ProbesSettings } from '#config';
import { PeriodicJob } from '#scheduling';

const LONGEST_TICK_MS = 1_000;
/** Ticks in an interval at least. */
const TICKS = 4;

/** A job of this room, several times in every interval; none of them keeps the others waiting. */
export function probeJob(
  scheduler: SchedulerRegistry,
  { interval }: ProbesSettings,
  { name, subject }: { name: string; subject: string },
  work: () => Promise<void>,
): PeriodicJob {
  const everyMs = Math.min(LONGEST_TICK_MS, (interval * 1000) / TICKS);
  return new PeriodicJob(scheduler, { name, everyMs, context: 'probes', subject }, work);
}
