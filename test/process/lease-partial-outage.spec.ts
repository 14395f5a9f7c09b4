import { setTimeout as delay } from 'node:timers/promises';
import { AIR_MS, LEASE_MS, LeaseSite } from '../support/lease-site.js';
import { endedUrls, leaderOf, metric, untilUnhealthy, urlsOf } from '../support/lease-watch.js';
import { Members } from '../support/members.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const FEW = 5;
/** A lease and time for a busy machine; far less than self-preservation may hold leases (10 leases). */
const GONE_WITHIN_MS = 12_000;

describe('one of two replicas that alone cannot reach Redis', () => {
  let site: LeaseSite;
  let proxy: TcpProxy;
  let cutOff: Members;

  beforeAll(async () => {
    site = await LeaseSite.start({ members: { count: 100, perRequest: 20 } });
    await leaderOf(site.replicas);
    proxy = await TcpProxy.start(site.redis?.url ?? '');
    const { url } = await site.startReplica({ REDIS_URL: proxy.url });
    cutOff = new Members([url], site.token, { count: 50, perRequest: 10 });
    await cutOff.start();
  });
  afterAll(async () => {
    await cutOff.stop();
    await site.close();
    await proxy.close();
  });

  it('keeps its members, a third of all, by PostgreSQL, and the dead are found as ever', async () => {
    await proxy.cut();
    await delay(LEASE_MS);
    const killed = [...site.members.kill(FEW), ...cutOff.kill(FEW)];
    await untilUnhealthy(site.database, killed, GONE_WITHIN_MS);
    await delay(AIR_MS);
    expect(await endedUrls(site.database)).toEqual(urlsOf(killed));
    expect(await metric(site.service.url, 'registry_freezes_total')).toBe(0);
    expect([...site.members.refusals, ...cutOff.refusals]).toEqual([]);
  });
});
