import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { startRedisServer } from '../support/redis-server.js';
import { scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';

const PAUSE_MS = 30_000;
const RESETS = 8;
const RESET_EVERY_MS = 700;
const OPTIONS = { replicas: 2 };

scenario(
  {
    name: 'redis-paused',
    promise: 'no request fails; leases are kept through PostgreSQL; members that die in this time are found',
    fault: 'Redis stands still for 30 s (SIGSTOP)',
    withinS: 150,
  },
  async (findings) => {
    const site = await FaultSite.start(findings, OPTIONS);
    const { pid } = site.redis;
    process.kill(pid, 'SIGSTOP');
    findings.atEnd(() => {
      process.kill(pid, 'SIGCONT');
    });
    await delay(PAUSE_MS / 2);
    const killed = site.lease.members.kill(2);
    await delay(PAUSE_MS / 2);
    process.kill(pid, 'SIGCONT');
    findings.figures({ 'recovery s': (await site.recovered()) / 1000 });
    site.expectNothingFailed();
    await site.check(killed);
  },
);

scenario(
  {
    name: 'redis-emptied',
    promise: 'no request fails; every lease is known again from PostgreSQL; members that die in this time are found',
    fault: 'Redis is killed, and comes back empty after 3 s',
    withinS: 120,
  },
  async (findings) => {
    const site = await FaultSite.start(findings, OPTIONS);
    const { port } = site.redis;
    await site.redis.stop();
    const killed = site.lease.members.kill(2);
    await delay(3_000);
    site.lease.redis = await startRedisServer({ port });
    findings.figures({ 'recovery s': (await site.recovered()) / 1000 });
    site.expectNothingFailed();
    await site.check(killed);
  },
);

scenario(
  {
    name: 'redis-reset',
    promise: 'no request fails',
    fault: `all connections to Redis are cut, ${RESETS} times`,
    withinS: 120,
  },
  async (findings) => {
    const site = await FaultSite.start(findings, OPTIONS);
    const client = await createClient({ url: site.redis.url }).connect();
    findings.atEnd(() => client.disconnect());
    for (let time = 1; time <= RESETS; time += 1) {
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      await delay(RESET_EVERY_MS);
    }
    findings.figures({ 'recovery s': (await site.recovered()) / 1000 });
    site.expectNothingFailed();
    await site.check();
  },
);
