import { setTimeout as delay } from 'node:timers/promises';
import { scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';

const TIMES = 3;

scenario(
  {
    name: 'kill',
    promise: 'acknowledged writes are complete after the next start; no living member is evicted',
    fault: `kill -9 of the only replica under writes, ${TIMES} times`,
    withinS: 150,
  },
  async (findings) => {
    const site = await FaultSite.start(findings);
    let longest = 0;
    for (let time = 1; time <= TIMES; time += 1) {
      const [service] = site.services;
      if (service === undefined) throw new Error('There is no replica');
      service.kill('SIGKILL');
      await service.ended;
      const moment = performance.now();
      await site.replace(service);
      longest = Math.max(longest, await site.recovered(moment));
      await delay(1_000);
    }
    findings.figures({ 'recovery s': longest / 1000 });
    await site.check();
  },
);
