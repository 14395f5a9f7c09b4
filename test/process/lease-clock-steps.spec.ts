import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { FakeClock } from '../support/fake-clock.js';
import { until } from '../support/until.js';
import { AIR_MS, LEASE_MS, LeaseSite, type LeaseSiteOptions } from '../support/lease-site.js';
import { endedUrls, metric } from '../support/lease-watch.js';
import { call } from '../support/service-api.js';

const HOUR = 3_600;
const FEW = 5;
/** A lease in which nothing ends, the lease of the dead, and time for a busy machine. */
const GONE_WITHIN_MS = 2 * LEASE_MS + 4_000;
// Tokens live by the wall clock too: these bear the steps.
const ENV = { SECURITY_JWT_EXPIRY: String(24 * HOUR) };

/** Whose clock it is. */
interface Owner {
  optionsFor(clock: FakeClock): Partial<LeaseSiteOptions>;
  /** Milliseconds, as Redis or the service sees it. */
  timeOf(site: LeaseSite): Promise<number>;
}

/** Leases in Redis live by its wall clock; those of a process by no wall clock at all. */
const OWNERS: Owner[] = [
  {
    optionsFor: ({ env }) => ({ redis: env, env: ENV }),
    timeOf: async ({ redis }) => {
      const client = await createClient({ url: redis?.url }).connect();
      const time = await client.time();
      await client.quit();
      return time.getTime();
    },
  },
  {
    optionsFor: ({ env }) => ({ redis: 'none', env: { ...ENV, ...env } }),
    timeOf: async ({ service }) => {
      const { body } = await call<{ timestamp: string }>(`${service.url}/health`);
      return Date.parse(body.timestamp);
    },
  },
];

/** One of each: it is the waiting that takes long, and they wait together. */
describe('a wall clock', () => {
  let worlds: { owner: Owner; clock: FakeClock; site: LeaseSite }[];

  beforeAll(async () => {
    const members = { count: 100, perRequest: 20 };
    worlds = await Promise.all(
      OWNERS.map(async (owner) => {
        const clock = new FakeClock();
        return { owner, clock, site: await LeaseSite.start({ members, ...owner.optionsFor(clock) }) };
      }),
    );
    // Nothing ends for a full lease after a start.
    await delay(LEASE_MS);
  });
  afterAll(async () => {
    for (const { site, clock } of worlds) {
      await site.close();
      clock.remove();
    }
  });

  async function step({ owner, clock, site }: (typeof worlds)[number], offset: number): Promise<void> {
    clock.set(offset);
    expect(Math.abs((await owner.timeOf(site)) - Date.now() - offset * 1000)).toBeLessThan(60_000);
    // Most of the dead were heard of after the step, and some before it.
    await delay(500);
    await site.expectOnlyDeadGone(site.members.kill(FEW), GONE_WITHIN_MS);
    expect(site.members.refusals).toEqual([]);
  }

  it.each([
    ['an hour forward', HOUR],
    ['two hours back', -HOUR],
  ])('that is set %s leaves the living alone, and the dead are found', async (_, offset) => {
    await Promise.all(worlds.map((world) => step(world, offset)));
  });

  it('that is set while self-preservation holds all leases ends none of them', async () => {
    await Promise.all(
      worlds.map(async ({ clock, site }) => {
        const ended = await endedUrls(site.database);
        const silent = site.members.kill(site.members.living.length / 3);
        await until(async () => (await metric(site.service.url, 'registry_frozen')) === 1, GONE_WITHIN_MS);
        // Longer than a freeze may last.
        clock.set(HOUR);
        await delay(LEASE_MS + AIR_MS);
        expect(await metric(site.service.url, 'registry_frozen')).toBe(1);
        expect(await endedUrls(site.database)).toEqual(ended);
        site.members.revive(silent);
      }),
    );
  });
});
