import { setTimeout as delay } from 'node:timers/promises';
import { startRedisServer } from '../support/redis-server.js';
import { LeaseSite } from '../support/lease-site.js';
import { countUnhealthy, leaderOf } from '../support/lease-watch.js';

const FEW = 10;
const HANG_MS = 10_000;
/** Until Redis is used again, a lease in which nothing ends, and time for a busy machine. */
const GONE_WITHIN_MS = 15_000;

describe('leases of two replicas while Redis fails', () => {
  let site: LeaseSite;

  beforeAll(async () => {
    site = await LeaseSite.start({ replicas: 2, members: { count: 300, perRequest: 30 } });
    await leaderOf(site.replicas);
  });
  afterAll(() => site.close());

  it('are renewed through PostgreSQL while it hangs; who died meanwhile is found afterwards', async () => {
    const { pid = 0 } = site.redis ?? {};
    // The outage is one of the network too: these cannot beat until it is over.
    const cutOff = site.members.kill(FEW);
    process.kill(pid, 'SIGSTOP');
    await delay(HANG_MS / 2);
    const killed = site.members.kill(FEW);
    await delay(HANG_MS / 2);
    expect(await countUnhealthy(site.database, site.members.all)).toBe(0);
    process.kill(pid, 'SIGCONT');
    await delay(500);
    site.members.revive(cutOff);
    await site.expectOnlyDeadGone(killed, GONE_WITHIN_MS);
    expect(site.members.refusals).toEqual([]);
  });

  it('are rebuilt when it comes back empty; who died meanwhile is found afterwards', async () => {
    const { port } = site.redis ?? {};
    await site.redis?.stop();
    const killed = site.members.kill(FEW);
    await delay(2_000);
    expect(await countUnhealthy(site.database, site.members.all)).toBe(FEW);
    site.redis = await startRedisServer({ port });
    await site.expectOnlyDeadGone(killed, GONE_WITHIN_MS);
    expect(site.members.refusals).toEqual([]);
  });
});
