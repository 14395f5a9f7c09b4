import { LeaseSite } from '../support/lease-site.js';
import { leaderOf, metric } from '../support/lease-watch.js';

const FEW = 4;
/** A lease in which nothing ends, a lease, and time for a busy machine. */
const GONE_WITHIN_MS = 30_000;

/** That a registry of processes keeps leases at all; all that may go wrong meanwhile: lease-sweeper.spec.ts. */
describe('leases of services that run', () => {
  /** One service with leases in-process. */
  let single: LeaseSite;
  /** Two replicas with leases in Redis. */
  let pair: LeaseSite;

  beforeAll(async () => {
    const members = { count: 40, perRequest: 10 };
    [single, pair] = await Promise.all([
      LeaseSite.start({ members, redis: 'none' }),
      LeaseSite.start({ members, replicas: 2 }),
    ]);
  }, 120_000);
  afterAll(() => Promise.all([single.close(), pair.close()]));

  it('end when a member falls silent, and only then', async () => {
    await Promise.all([single, pair].map((site) => site.expectOnlyDeadGone(site.members.kill(FEW), GONE_WITHIN_MS)));
  });

  it('of the living outlast kill -9 of the service and its next start', async () => {
    single.service.kill('SIGKILL');
    await single.service.ended;
    const killed = single.members.kill(FEW);
    single.replicas = [await single.startReplica()];
    await single.expectOnlyDeadGone(killed, GONE_WITHIN_MS);
  });

  it('are swept by one replica, and by another one when the first is killed', async () => {
    const leader = await leaderOf(pair.replicas);
    const others = pair.replicas.filter((replica) => replica !== leader);
    expect(await metric(others[0]?.url ?? '', 'registry_leader')).toBe(0);
    leader.kill('SIGKILL');
    await leader.ended;
    pair.replicas = others;
    expect(await leaderOf(others)).toBe(others[0]);
    await pair.expectOnlyDeadGone(pair.members.kill(FEW), GONE_WITHIN_MS);
  });
});
