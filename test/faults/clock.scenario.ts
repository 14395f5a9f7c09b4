import { setTimeout as delay } from 'node:timers/promises';
import { FakeClock } from '../support/fake-clock.js';
import { scenario } from './scenario.js';
import { FaultSite, LEASE_MS } from './site/fault-site.js';

const HOUR_S = 3_600;

scenario(
  {
    name: 'clock-stepped',
    promise: 'no request fails, no lease ends early, and dead members are found',
    fault: 'the wall clock of the service and of Redis is set an hour forward, then two hours back',
    withinS: 120,
  },
  async (findings) => {
    const clock = new FakeClock();
    findings.atEnd(() => {
      clock.remove();
    });
    const site = await FaultSite.start(findings, { redis: clock.env, env: clock.env });
    for (const offset of [HOUR_S, -HOUR_S]) {
      clock.set(offset);
      await delay(1.5 * LEASE_MS);
    }
    findings.figures({ 'recovery s': (await site.recovered()) / 1000 });
    site.expectNothingFailed();
    await site.check();
  },
);
