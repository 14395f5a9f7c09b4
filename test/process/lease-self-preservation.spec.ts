import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../support/until.js';
import { LEASE_MS, LeaseSite } from '../support/lease-site.js';
import { endedUrls, metric } from '../support/lease-watch.js';
import type { Member } from '../support/members.js';
import { type Answer, call } from '../support/service-api.js';

const MEMBERS = 60;
const HALF = 30;
const FEW = 5;
/** A lease and time for a busy machine. */
const WITHIN_MS = 10_000;

describe('self-preservation', () => {
  let site: LeaseSite;
  let silent: Member[];

  beforeAll(async () => {
    site = await LeaseSite.start({ members: { count: MEMBERS, perRequest: 1 } });
    // Nothing happens to leases for a full lease after a start.
    await delay(LEASE_MS);
  });
  afterAll(() => site.close());

  function own(sample: string): Promise<number> {
    return metric(site.service.url, sample);
  }

  /** Of the sweeper; that a health check turned to degraded is logged by itself. */
  function warnings(): string[] {
    const { lines } = site.service;
    return lines.filter(({ level, context }) => level === 'warn' && context === 'leases').map(({ msg }) => msg);
  }

  function discovered(): Promise<Answer> {
    return call(`${site.service.url}/api/v1/skills/discover?page_size=1`, { token: site.token });
  }

  it('holds all leases when half of the members fall silent at once, and says so once', async () => {
    silent = site.members.kill(HALF);
    await until(async () => (await own('registry_frozen')) === 1, WITHIN_MS);
    expect(await call(`${site.service.url}/health`)).toMatchObject({
      status: 200,
      body: {
        status: 'warning',
        checks: { leases: { status: 'degraded', reason: 'self-preservation: too many leases would end at once' } },
      },
    });
    expect(await call(`${site.service.url}/readyz`)).toMatchObject({ status: 200 });
    await delay(2 * LEASE_MS);
    expect(await own('registry_frozen')).toBe(1);
    expect(await own('registry_freezes_total')).toBe(1);
    expect(warnings()).toEqual([expect.stringMatching(/^self-preservation: too many leases would end at once/)]);
    expect(await endedUrls(site.database)).toEqual([]);
    expect(await discovered()).toMatchObject({ body: { data: { total: MEMBERS } } });
  });

  it('is over when they are back, one after the other, and none of them is gone', async () => {
    site.members.revive(silent);
    await until(async () => (await own('registry_frozen')) === 0, WITHIN_MS);
    await delay(LEASE_MS / 2);
    expect(await endedUrls(site.database)).toEqual([]);
    expect((await call(`${site.service.url}/health`)).body).toMatchObject({
      status: 'healthy',
      checks: { leases: { status: 'up' } },
    });
    expect(site.members.refusals).toEqual([]);
  });

  it('lets a few go', async () => {
    await site.expectOnlyDeadGone(site.members.kill(FEW), WITHIN_MS);
    expect(warnings()).toHaveLength(1);
  });
});
