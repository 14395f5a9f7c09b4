/*
 * Measures the cost of leases: members send heartbeats at their interval to one service process with its sweeper.
 *
 *   node test/bench/heartbeats.mjs [--members 100000] [--interval 30] [--seconds 30] [--batch 100] [--redis] [--core 0]
 *
 * --batch 1 sends single heartbeats, as members do; more sends that many in one POST /heartbeats. --core pins the
 * service. CPU is given as a share of one core. Ends within ten minutes; exits with 1 if something went wrong.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers';
import { parseArgs } from 'node:util';
import { BenchSite } from './site/bench-site.mjs';
import { HttpLoad } from './load/http-load.mjs';
import { rawPost } from './load/raw-http.mjs';
import { quantile } from './load/tally.mjs';

const LONGEST_MS = 600_000;
const REGISTER_AT_ONCE = 1000;
const CONNECTIONS = 64;
const PERCENT = 100;
const MIB = 2 ** 20;
/** Name of prom-client's metric of the event-loop lag. */
const SAMPLING_MS = 10;

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '100000' },
    interval: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '30' },
    batch: { type: 'string', default: '100' },
    core: { type: 'string' },
    redis: { type: 'boolean', default: false },
  },
});
const members = Number(values.members);
const interval = Number(values.interval);
const seconds = Number(values.seconds);
const batch = Number(values.batch);

setTimeout(() => {
  console.error('It takes too long.');
  process.exit(1);
}, LONGEST_MS).unref();

const site = await BenchSite.start({
  redis: values.redis,
  core: values.core,
  env: { AI_BRIDGE_HEARTBEAT_INTERVAL: values.interval },
});
try {
  const ids = await register();
  const load = new HttpLoad(requestsFor(ids), interval * 1000);
  await load.open(site.port, CONNECTIONS);
  // Every member has sent a heartbeat and the first lease is over, so the sweeper does its normal work.
  await load.run(interval * 3 * 1000);
  report(await measure(load));
  load.close();
} finally {
  await site.stop();
}

async function register() {
  const began = performance.now();
  const ids = [];
  for (let start = 0; start < members; start += REGISTER_AT_ONCE) {
    const skills = Array.from({ length: Math.min(REGISTER_AT_ONCE, members - start) }, (_, index) => ({
      name: `member-${start + index}`,
      version: '1.0.0',
      endpoints: [{ url: urlOf(start + index), protocol: 'http', weight: 1 }],
    }));
    const { results } = await site.post('skills/batch', { skills });
    ids.push(...results.map(({ skill_id }) => skill_id));
  }
  console.error(`${members} members registered in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return ids;
}

function urlOf(index) {
  return `http://member-${index}.example:8001`;
}

function requestsFor(ids) {
  const beats = ids.map((skill_id, index) => ({ skill_id, endpoint_url: urlOf(index) }));
  if (batch === 1) {
    return beats.map(({ skill_id, ...beat }) => rawPost(site, `skills/${skill_id}/heartbeat`, beat));
  }
  const groups = Array.from({ length: Math.ceil(beats.length / batch) }, (_, index) =>
    beats.slice(index * batch, (index + 1) * batch),
  );
  return groups.map((heartbeats) => rawPost(site, 'heartbeats', { heartbeats }));
}

async function measure(load) {
  load.take();
  const before = await snapshot();
  await load.run(seconds * 1000);
  const after = await snapshot();
  return { before, after, elapsed: (after.at - before.at) / 1000, ...load.take() };
}

async function snapshot() {
  const [written] = await site.query(
    `SELECT sum(n_tup_upd)::float8 AS updates, sum(n_tup_hot_upd)::float8 AS hot, (pg_current_wal_lsn() - '0/0')::float8 AS wal
     FROM pg_stat_user_tables`,
  );
  const metrics = await site.metrics();
  return { at: performance.now(), cpu: site.cpu(), own: process.cpuUsage(), memory: site.memory(), metrics, written };
}

function report({ before, after, elapsed, latencies, failures, waiting }) {
  const grown = (name) => (after.metrics.get(name) ?? 0) - (before.metrics.get(name) ?? 0);
  const rate = (value) => value / elapsed;
  const used = (part) => after.cpu[part] - before.cpu[part];
  const share = (cpuSeconds) => `${(PERCENT * rate(cpuSeconds)).toFixed(0)} % of a core`;
  const cpu = (part) => share(used(part));
  const memory = (part) => `${(after.memory[part] / MIB).toFixed(0)} MiB`;
  const own = (after.own.user + after.own.system - before.own.user - before.own.system) / 1e6;
  const others = used('machine') - used('service') - used('postgres') - used('redis') - own;
  const updates = after.written.updates - before.written.updates;
  const percentile = (share) => `${quantile(latencies, share).toFixed(1)} ms`;
  const sweeps = grown('registry_sweep_duration_seconds_count');
  const delayOf = (name) =>
    `${(1000 * (after.metrics.get(`nodejs_eventloop_lag_${name}_seconds`) ?? 0) - SAMPLING_MS).toFixed(1)} ms`;
  const beats = grown('registry_heartbeats_total{result="ok"}');
  const rows = {
    leases: `${values.redis ? 'Redis' : 'in-process'}, ${members} members, every ${interval} s, ${batch} in a request`,
    'heartbeats a second': rate(beats).toFixed(0),
    'requests a second': rate(latencies.length).toFixed(0),
    'answers p50, p99, max': [0.5, 0.99, 1].map(percentile).join(', '),
    'other answers': JSON.stringify(failures),
    'requests that wait at the end': waiting,
    'service: CPU, memory': `${cpu('service')}, ${memory('service')}`,
    'service: event loop delay p50, p99, max': ['p50', 'p99', 'max'].map(delayOf).join(', '),
    'PostgreSQL: CPU, memory': `${cpu('postgres')}, ${memory('postgres')}`,
    'PostgreSQL: rows updated a second': `${rate(updates).toFixed(0)}, ${hotShare(before, after, updates)} % of them in place`,
    'PostgreSQL: log written': `${(rate(after.written.wal - before.written.wal) / MIB).toFixed(2)} MiB/s`,
    ...(values.redis && { 'Redis: CPU, memory': `${cpu('redis')}, ${memory('redis')}` }),
    'sweeps a second': `${rate(sweeps).toFixed(1)}, ${((1000 * grown('registry_sweep_duration_seconds_sum')) / sweeps).toFixed(1)} ms each`,
    'leases on time': after.metrics.get('registry_leases{health="healthy"}'),
    'endpoints that became unhealthy': grown('registry_endpoint_transitions_total{to="unhealthy"}'),
    'this program: CPU': share(own),
    'all others on this machine: CPU': share(others),
  };
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  for (const [name, value] of Object.entries(rows)) console.log(`${name.padEnd(width)}  ${value}`);
}

function hotShare(before, after, updates) {
  return ((PERCENT * (after.written.hot - before.written.hot)) / Math.max(1, updates)).toFixed(0);
}
