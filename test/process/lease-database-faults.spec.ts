import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_MS, LeaseSite } from '../support/lease-site.js';
import { countUnhealthy, untilUnhealthy } from '../support/lease-watch.js';
import { call } from '../support/service-api.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { terminateSessions } from '../support/test-database.js';

const FEW = 10;
/** Until PostgreSQL is used again, a lease in which nothing ends, and time for a busy machine. */
const GONE_WITHIN_MS = 15_000;

describe('leases in Redis while PostgreSQL fails', () => {
  let proxy: TcpProxy;
  let site: LeaseSite;

  beforeAll(async () => {
    const route = async (url: string): Promise<string> => (proxy = await TcpProxy.start(url)).url;
    site = await LeaseSite.start({ route, members: { count: 300, perRequest: 30 } });
  });
  afterAll(async () => {
    await site.close();
    await proxy.close();
  });

  it('are renewed while it is cut off; who died meanwhile is found afterwards', async () => {
    await delay(1_000);
    // The outage is one of the network too: these cannot beat until it is over.
    const cutOff = site.members.kill(FEW);
    await proxy.cut();
    const killed = site.members.kill(FEW);
    await delay(1.5 * LEASE_MS);
    expect(await countUnhealthy(site.database, site.members.all)).toBe(0);
    await proxy.restore();
    await delay(500);
    site.members.revive(cutOff);
    await site.expectOnlyDeadGone(killed, GONE_WITHIN_MS);
    expect(site.members.refusals).toEqual([]);
  });

  it('do not end when all of its sessions are terminated', async () => {
    const killed = site.members.kill(FEW);
    // The leader's, and those of the pool.
    expect(await terminateSessions(site.database)).toBeGreaterThan(1);
    await site.expectOnlyDeadGone(killed, GONE_WITHIN_MS);
    expect(site.members.refusals).toEqual([]);
  });

  it('end though somebody holds rows of some Skills; theirs end when those are free', async () => {
    const [held, ...killed] = site.members.kill(FEW);
    const holder = new pg.Client({ connectionString: site.database.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM skills WHERE id = $1 FOR UPDATE', [held?.skillId]);
    await untilUnhealthy(site.database, killed, GONE_WITHIN_MS);
    // Longer than a statement of the leader may take: it must not have lost the lead to this row.
    await delay(LEASE_MS);
    const alsoKilled = site.members.kill(FEW);
    await untilUnhealthy(site.database, alsoKilled, LEASE_MS + 2_500);
    expect(await countUnhealthy(site.database, held ? [held] : [])).toBe(0);
    await holder.end();
    await site.expectOnlyDeadGone(held ? [held] : [], GONE_WITHIN_MS);
    expect(site.members.refusals).toEqual([]);
  });

  it('are renewed by heartbeats that change something, while PostgreSQL hangs', async () => {
    const [member] = site.members.living;
    await proxy.pause();
    const beat = await call(`${site.service.url}/api/v1/skills/${member?.skillId}/heartbeat`, {
      token: site.token,
      body: { health: 'warning', generation: member?.generation },
    });
    await proxy.restore();
    expect(beat.status).toBe(200);
    expect(beat.ms).toBeLessThan(3_000);
  });
});
