import { setTimeout as delay } from 'node:timers/promises';
import { metric } from '../support/lease-watch.js';
import { call } from '../support/service-api.js';
import { until } from '../support/until.js';
import { type UpstreamAnswer, UpstreamServer } from '../support/upstream-server.js';
import { scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';

const PHASE_MS = 3_000;
/** Its longest back-off, and a turn of the sweeper. */
const KNOWN_WITHIN_MS = 60_000;
const FAULTS: [string, () => UpstreamAnswer | 'hang' | undefined][] = [
  ['fails', () => ({ status: 500, body: {} })],
  ['serves', () => undefined],
  ['hangs', () => 'hang'],
  ['serves', () => undefined],
  ['knows nobody', () => ({ status: 404, body: { code: 1004, message: 'Skill does not exist' } })],
  ['babbles', () => ({ body: '<html>' })],
];

scenario(
  {
    name: 'upstream-flapping',
    promise: 'no request fails, /health stays 200, and afterwards the upstream knows every Skill again',
    fault: `the upstream registry fails, serves, hangs, serves, has forgotten everything, sends garbage, is away, ${PHASE_MS / 1000} s each`,
    withinS: 180,
  },
  async (findings) => {
    const upstream = await UpstreamServer.start();
    findings.atEnd(() => upstream.stop());
    const site = await FaultSite.start(findings, { env: { AI_BRIDGE_REGISTRY_URL: upstream.registryUrl } });
    const [{ url } = { url: '' }] = site.services;
    const living = site.lease.members.living.length;
    const isKnown = (): boolean => upstream.skills.size >= living + 1;
    await until(isKnown, KNOWN_WITHIN_MS, () => `the upstream knows ${upstream.skills.size} of ${living + 1}`);
    const check = async (when: string): Promise<void> => {
      const { status, body } = await call(`${url}/health`);
      if (status !== 200) findings.violations.add('health', `${when}: ${status} ${JSON.stringify(body)}`);
    };
    for (const [when, answer] of FAULTS) {
      upstream.answer = answer;
      await delay(PHASE_MS);
      await check(when);
    }
    const { port } = upstream;
    await upstream.stop();
    await delay(PHASE_MS);
    await check('is away');
    const moment = performance.now();
    const back = await UpstreamServer.start(port);
    findings.atEnd(() => back.stop());
    await until(
      async () => back.skills.size >= living + 1 && (await metric(url, 'registry_upstream_up')) === 1,
      KNOWN_WITHIN_MS,
      () => `the upstream knows ${back.skills.size} of ${living + 1}`,
    );
    findings.figures({ 'recovery s': (performance.now() - moment) / 1000, 'known at once': back.skills.size });
    site.expectNothingFailed();
    await site.check();
    // Nothing changes any more: both registries must have the same Skills.
    const rows = await site.lease.database.query<{ name: string }>('SELECT name FROM skills');
    const here = [...rows.map(({ name }) => name), 'ooder-skill'].sort();
    const differing = (): string[] => {
      const there = new Set(back.skills.values());
      return [...here.filter((name) => !there.has(name)), ...[...there].filter((name) => !here.includes(name))];
    };
    await until(() => differing().length === 0, KNOWN_WITHIN_MS).catch(() => {
      findings.violations.add('not the same upstream', differing().join(', '));
    });
  },
);
