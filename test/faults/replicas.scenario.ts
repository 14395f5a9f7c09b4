import { setTimeout as delay } from 'node:timers/promises';
import { leaderOf } from '../support/lease-watch.js';
import { until } from '../support/until.js';
import { scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';

const WITHOUT_MS = 8_000;
/** Longer than a lease, and longer than PostgreSQL keeps the session of a silent leader. */
const FROZEN_MS = 15_000;
/** A check of the balancer without an answer (1 s), the wait for it, and a reserve for a busy machine. */
const NOTICED_WITHIN_MS = 5_000;

scenario(
  {
    name: 'replica-killed',
    promise: 'the others go on at once: only requests in flight at the dead one fail',
    fault: 'kill -9 of the leader of three replicas behind a balancer; back after 8 s',
    withinS: 120,
  },
  async (findings) => {
    const site = await FaultSite.start(findings, { replicas: 3 });
    const leader = await leaderOf(site.services);
    leader.kill('SIGKILL');
    await leader.ended;
    const moment = performance.now();
    const recovery = await site.recovered(moment);
    await delay(WITHOUT_MS);
    await site.replace(leader);
    await site.recovered();
    findings.figures({ 'recovery s': recovery / 1000 });
    await site.check();
  },
);

scenario(
  {
    name: 'replica-frozen',
    promise: 'the others go on; the frozen one undoes nothing when it wakes up',
    fault: 'SIGSTOP of the leader of three replicas for 15 s, then SIGCONT',
    withinS: 150,
  },
  async (findings) => {
    const site = await FaultSite.start(findings, { replicas: 3 });
    const leader = await leaderOf(site.services);
    const others = site.services.filter((service) => service !== leader);
    leader.kill('SIGSTOP');
    const moment = performance.now();
    const killed = site.lease.members.kill(2);
    await until(() => !site.balancer.isIn(leader.url), NOTICED_WITHIN_MS);
    const noticed = performance.now();
    const next = await leaderOf(others);
    await delay(Math.max(0, FROZEN_MS - (performance.now() - moment)));
    leader.kill('SIGCONT');
    await site.recovered();
    if ((await leaderOf(site.services)) !== next) findings.violations.add('leader', 'the frozen one leads again');
    findings.figures({ 'noticed s': (noticed - moment) / 1000, 'recovery s': site.recoverySince(noticed) / 1000 });
    await site.check(killed);
  },
);
