import { until } from '../support/until.js';
import { scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';

const IN_WITHIN_MS = 20_000;
/** Seconds. The balancer checks every 250 ms, with a time-out of one second. */
const DRAIN_DELAY = 2;

scenario(
  {
    name: 'deploy',
    promise: 'no request fails',
    fault: `a rolling restart of three replicas behind a balancer, under load (APP_DRAIN_DELAY=${DRAIN_DELAY})`,
    withinS: 180,
  },
  async (findings) => {
    const site = await FaultSite.start(findings, { replicas: 3, env: { APP_DRAIN_DELAY: String(DRAIN_DELAY) } });
    for (const service of [...site.services]) {
      const { code } = await service.stop();
      if (code !== 0) findings.violations.add('exit', `${code} of ${service.url}`);
      const next = await site.replace(service);
      await until(() => site.balancer.isIn(next.url), IN_WITHIN_MS);
    }
    findings.figures({ 'recovery s': (await site.recovered()) / 1000 });
    site.expectNothingFailed();
    await site.check();
  },
);
