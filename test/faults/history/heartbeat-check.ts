import type { LeaseSite } from '../../support/lease-site.js';
import { countUnhealthy, endedUrls, urlsOf } from '../../support/lease-watch.js';
import type { Member } from '../../support/members.js';
import { until } from '../../support/until.js';
import type { Violations } from './violations.js';

/**
 * Stops the heartbeats of some members. Checks that they are found within `withinMs`, and that no other member was evicted, now
 * or before. Returns the milliseconds until they were found.
 */
export async function checkHeartbeats(
  { database, members }: LeaseSite,
  killed: readonly Member[],
  withinMs: number,
  violations: Violations,
): Promise<number> {
  const began = performance.now();
  const allFound = async (): Promise<boolean> => (await countUnhealthy(database, killed)) === killed.length;
  await until(allFound, withinMs).catch(async () => {
    const found = await countUnhealthy(database, killed);
    violations.add('dead, and not found', `${killed.length - found} of ${killed.length} after ${withinMs} ms`);
  });
  const ms = performance.now() - began;
  const dead = new Set(urlsOf(members.dead));
  for (const url of await endedUrls(database)) if (!dead.has(url)) violations.add('alive, and evicted', url);
  return ms;
}
