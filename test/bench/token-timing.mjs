/**
 * Measures whether the time of a refusal at the token endpoint reveals which clients exist:
 *
 *   npm run build && node test/bench/token-timing.mjs [rounds]
 *
 * Every round makes one request for each kind of client, in a new random order, one at a time. Prints milliseconds.
 */
/* global fetch */
import { performance } from 'node:perf_hooks';
import { BenchSite } from './site/bench-site.mjs';

const ROUNDS = Number(process.argv[2] ?? 200);
const WARM_UP = 10;

const site = await BenchSite.start({ redis: false, env: { RATE_LIMIT_TOKEN: '0' } });
try {
  const samples = new Map((await kinds()).map((kind) => [kind, []]));
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const [kind, times] of shuffled([...samples])) {
      const ms = await refusal(kind.clientId(round));
      if (round >= 0) times.push(ms);
    }
  }
  const rows = [...samples].map(([{ name }, times]) => [name, statistics(times)]);
  console.table(Object.fromEntries(rows));
  const medians = rows.map(([, { median }]) => median);
  console.log(`Medians differ by ${(Math.max(...medians) - Math.min(...medians)).toFixed(2)} ms`);
} finally {
  await site.stop();
}

/** Clients that the endpoint refuses, each for a different reason. */
async function kinds() {
  const make = (client_id) => site.call('auth/clients', { client_id, name: client_id, role: 'viewer' });
  for (const id of ['known', 'rotating', 'disabled']) await make(id);
  await site.call('auth/clients/rotating/rotate-secret', { overlap: 3600 });
  await site.call('auth/clients/disabled', { disabled: true }, 'PATCH');
  return [
    { name: 'known', clientId: () => 'known' },
    { name: 'known, with two secrets', clientId: () => 'rotating' },
    { name: 'disabled', clientId: () => 'disabled' },
    { name: 'unknown', clientId: () => 'nobody' },
    { name: 'unknown, a new one each time', clientId: (round) => `nobody-${round + WARM_UP}` },
  ];
}

async function refusal(client_id) {
  const body = JSON.stringify({ grant_type: 'client_credentials', client_id, client_secret: 'x'.repeat(43) });
  const began = performance.now();
  const response = await fetch(`${site.url}/api/v1/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  await response.text();
  const ms = performance.now() - began;
  if (response.status !== 401) throw new Error(`answered with ${response.status}`);
  return ms;
}

function shuffled(items) {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
  return items;
}

function statistics(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => Number(sorted[Math.floor(share * (sorted.length - 1))].toFixed(2));
  return { median: at(0.5), 'p10 …': at(0.1), '… p90': at(0.9), requests: times.length };
}
