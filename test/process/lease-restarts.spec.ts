import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_MS, LeaseSite } from '../support/lease-site.js';
import type { Member } from '../support/members.js';
import { call } from '../support/service-api.js';

const FEW = 10;
/** Until the service sweeps, a lease in which nothing ends, and time for a busy machine. */
const GONE_WITHIN_MS = 15_000;
/** Milliseconds of work between an event and what is written of its time. */
const IMPRECISION_MS = 250;

/** Two registries, one with leases in Redis and one with leases in-process: what happens to both happens at once. */
describe('leases when the service starts anew', () => {
  let sites: LeaseSite[];

  beforeAll(async () => {
    const members = { count: 200, perRequest: 20 };
    sites = await Promise.all([LeaseSite.start({ members }), LeaseSite.start({ members, redis: 'none' })]);
  });
  afterAll(() => Promise.all(sites.map((site) => site.close())));

  /** Some die while nobody is there to notice. Returns those. */
  async function restart(
    site: LeaseSite,
    signal: 'SIGTERM' | 'SIGKILL',
    onceDown: () => Promise<void>,
  ): Promise<Member[]> {
    site.service.kill(signal);
    await site.service.ended;
    const killed = site.members.kill(FEW);
    await onceDown();
    site.replicas = [await site.startReplica()];
    return killed;
  }

  async function reportOne({ service, token, members }: LeaseSite): Promise<Member> {
    const [member] = members.living;
    if (member === undefined) throw new Error('Nobody lives');
    const body = { endpoint_url: member.url, request_count: 4_711 };
    const answer = await call(`${service.url}/api/v1/skills/${member.skillId}/heartbeat`, { token, body });
    expect(answer.status).toBe(200);
    return member;
  }

  /** Every heartbeat that was answered with ok. */
  async function expectHeartbeatsWritten({ database, members }: LeaseSite): Promise<void> {
    const rows = await database.query<{ url: string; age: number }>(
      `SELECT e.url, 1000 * extract(epoch FROM clock_timestamp() - l.last_heartbeat)::float8 AS age
       FROM endpoint_leases l JOIN skill_endpoints e ON e.id = l.endpoint_id`,
    );
    const now = performance.now();
    const ages = new Map(rows.map(({ url, age }) => [url, age]));
    const missing = members.all.filter(
      ({ url, beatAt }) => (ages.get(url) ?? Infinity) > now - beatAt + IMPRECISION_MS,
    );
    expect(missing).toEqual([]);
  }

  it('outlast a stop, which writes the last heartbeats first', async () => {
    await delay(1_500);
    await Promise.all(
      sites.map(async (site) => {
        const { skillId } = await reportOne(site);
        const killed = await restart(site, 'SIGTERM', async () => {
          await expectHeartbeatsWritten(site);
          const [status] = await site.database.query(`SELECT request_count FROM skill_status WHERE skill_id = $1`, [
            skillId,
          ]);
          expect(status).toEqual({ request_count: '4711' });
        });
        await site.expectOnlyDeadGone(killed, GONE_WITHIN_MS);
      }),
    );
  });

  it('outlast kill -9, and a time without the service that is longer than they are', async () => {
    await Promise.all(
      sites.map(async (site) => {
        const killed = await restart(site, 'SIGKILL', () => delay(LEASE_MS));
        await site.expectOnlyDeadGone(killed, GONE_WITHIN_MS);
      }),
    );
  });
});
