import { setTimeout as delay } from 'node:timers/promises';
import { FakeClock } from '../support/fake-clock.js';
import { LEASE_MS, LeaseSite, type LeaseSiteOptions } from './lease-site.js';

const HOUR = 3_600;
const FEW = 5;
/** A lease in which nothing ends, the lease of the dead, and time for a busy machine. */
const GONE_WITHIN_MS = 2 * LEASE_MS + 4_000;
// Tokens live by the wall clock too: these bear the steps.
const ENV = { SECURITY_JWT_EXPIRY: String(24 * HOUR) };

/** Leases in Redis live by its wall clock; those of a process by no wall clock at all. */
const OWNERS: [string, (clock: FakeClock) => Partial<LeaseSiteOptions>][] = [
  ['Redis', ({ env }) => ({ redis: env, env: ENV })],
  ['a service with leases in-process', ({ env }) => ({ redis: 'none', env: { ...ENV, ...env } })],
];

describe.each(OWNERS)('the wall clock of %s', (_, optionsFor) => {
  let clock: FakeClock;
  let site: LeaseSite;

  beforeAll(async () => {
    clock = new FakeClock();
    site = await LeaseSite.start({ members: { count: 100, perRequest: 20 }, ...optionsFor(clock) });
    // Nothing ends for a full lease after a start.
    await delay(LEASE_MS);
  });
  afterAll(async () => {
    await site.close();
    clock.remove();
  });

  it.each([
    ['an hour forward', HOUR],
    ['two hours back', -HOUR],
  ])('is set %s: nobody who lives is gone, and who dies is found', async (__, offset) => {
    clock.set(offset);
    // Most of the dead were heard of after the step, and some before it.
    await delay(500);
    await site.expectOnlyDeadGone(site.members.kill(FEW), GONE_WITHIN_MS);
    expect(site.members.refusals).toEqual([]);
  });
});
