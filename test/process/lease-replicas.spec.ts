import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';
import { LEASE_MS, LeaseSite } from '../support/lease-site.js';
import { countUnhealthy, leaderOf, untilUnhealthy } from '../support/lease-watch.js';

const MEMBERS = 2_000;
const FEW = MEMBERS / 20;
/** A lease in which nothing ends, a lease, and time for a busy machine. */
const GONE_WITHIN_MS = 12_000;
/** Longer than PostgreSQL bears the silence of a leader (5 s). */
const STANDSTILL_MS = 8_000;

describe(`three replicas with ${MEMBERS} members`, () => {
  let site: LeaseSite;

  beforeAll(async () => {
    site = await LeaseSite.start({ replicas: 3, members: { count: MEMBERS } });
  });
  afterAll(() => site.close());

  async function leaderAndOthers(): Promise<[ServiceProcess, ServiceProcess[]]> {
    const leader = await leaderOf(site.replicas);
    return [leader, site.replicas.filter((replica) => replica !== leader)];
  }

  /** Some got no answer, from a replica that was killed, stood still or was busy, and were made up for by the next. */
  function expectNoFalseAnswers(): void {
    expect(site.members.refusals.filter(({ status }) => status !== 0)).toEqual([]);
  }

  it('lose those that fall silent, and nobody else', async () => {
    await delay(LEASE_MS / 2);
    await site.expectOnlyDeadGone(site.members.kill(FEW), GONE_WITHIN_MS);
    expectNoFalseAnswers();
  });

  it('go on when the leader is killed in the middle of a sweep', async () => {
    const [leader, others] = await leaderAndOthers();
    const killed = site.members.kill(FEW);
    await until(async () => (await countUnhealthy(site.database, killed)) > 0, GONE_WITHIN_MS);
    leader.kill('SIGKILL');
    await leader.ended;
    expect(await countUnhealthy(site.database, killed)).toBeLessThan(FEW);
    site.replicas = others;
    const began = performance.now();
    await leaderOf(others);
    expect(performance.now() - began).toBeLessThan(5_000);
    await site.expectOnlyDeadGone(killed, GONE_WITHIN_MS);
    expectNoFalseAnswers();
  });

  it('go on while the leader stands still, and when it awakes', async () => {
    const [leader, others] = await leaderAndOthers();
    leader.kill('SIGSTOP');
    const began = performance.now();
    const killed = site.members.kill(FEW);
    const next = await leaderOf(others);
    await untilUnhealthy(site.database, killed, GONE_WITHIN_MS);
    await delay(Math.max(0, STANDSTILL_MS - (performance.now() - began)));
    leader.kill('SIGCONT');
    await site.expectOnlyDeadGone([...killed, ...site.members.kill(FEW)], GONE_WITHIN_MS);
    expect(await leaderOf(site.replicas)).toBe(next);
    expectNoFalseAnswers();
  });
});
