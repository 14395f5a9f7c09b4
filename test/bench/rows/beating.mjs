import { performance } from 'node:perf_hooks';
import { rawPost } from '../load/raw-http.mjs';
import { urlOf } from '../seed.mjs';
import { limited } from '../report/statistics.mjs';

const CPU_BELOW = 40;
const LAG_BELOW_MS = 20;
const MEMORY_BELOW_MIB = 500;
const MIB = 2 ** 20;
const LAG = 'nodejs_eventloop_lag_p99_seconds';
/** Name of prom-client's metric of the lag. */
const SAMPLING_MS = 10;

/** All Skills send heartbeats at their interval, `batch` of them in one request. */
export async function beating(bench, { store, batch }) {
  const { generator, terms, ids } = bench;
  const name = `${ids.length.toLocaleString('en')} Skills beating every ${terms.intervalS} s, ${store}, ${batch === 1 ? 'singly' : `${batch} in a request`}`;
  await bench.row(name, async () => {
    const requests = requestsFor(bench.service, ids, batch);
    const options = { periodMs: terms.intervalS * 1000 };
    const run = await generator.prepare(bench.service, requests, options);
    await run(terms.beatWarmUpMs);
    const rounds = await bench.profiled(name, () => measured(bench, run));
    await run.close();
    const of = (key) => rounds.map((round) => round[key]);
    const line = (what, unit, key, limit) =>
      limited({ name: `${name}: ${what}`, unit, values: of(key), limit: bench.atFullSize(limit) });
    return [
      line('CPU of the service', '% of a core', 'service', { below: CPU_BELOW }),
      line('event-loop lag p99', 'ms', 'lag', { below: LAG_BELOW_MS }),
      line('answers p99', 'ms', 'p99'),
      line('heartbeats', '/s', 'beats'),
      line('CPU of PostgreSQL', '% of a core', 'postgres'),
      ...(store === 'Redis' ? [line('CPU of Redis', '% of a core', 'redis')] : []),
    ];
  });
}

/** Resident memory of the service with all Skills and their leases, after it has worked. */
export async function memory(bench, store) {
  await bench.row(`memory, ${store}`, () => [
    limited({
      name: `memory of the service, ${bench.ids.length.toLocaleString('en')} Skills and leases, ${store}`,
      unit: 'MiB resident',
      values: [bench.site.resident() / MIB],
      limit: bench.atFullSize({ below: MEMORY_BELOW_MIB }),
    }),
  ]);
}

function requestsFor(service, ids, batch) {
  const beats = ids.map((skill_id, index) => ({ skill_id, endpoint_url: urlOf(index) }));
  if (batch === 1) {
    return beats.map(({ skill_id, ...beat }) => rawPost(service, `skills/${skill_id}/heartbeat`, beat));
  }
  return Array.from({ length: Math.ceil(beats.length / batch) }, (_, index) =>
    rawPost(service, 'heartbeats', { heartbeats: beats.slice(index * batch, (index + 1) * batch) }),
  );
}

async function measured({ site, terms }, run) {
  const rounds = [];
  let before = await snapshot(site);
  for (let round = 0; round < terms.beatRounds; round += 1) {
    const { p99 } = await run(terms.beatRoundMs);
    const after = await snapshot(site);
    const seconds = (after.at - before.at) / 1000;
    const share = (part) => (100 * (after.cpu[part] - before.cpu[part])) / seconds;
    rounds.push({
      ...{ p99, service: share('service'), postgres: share('postgres'), redis: share('redis') },
      lag: after.metrics.get(LAG) * 1000 - SAMPLING_MS,
      beats: (after.beats - before.beats) / seconds,
    });
    before = after;
  }
  return rounds;
}

async function snapshot(site) {
  const metrics = await site.metrics();
  const beats = metrics.get('registry_heartbeats_total{result="ok"}') ?? 0;
  return { at: performance.now(), cpu: site.cpu(), metrics, beats };
}
