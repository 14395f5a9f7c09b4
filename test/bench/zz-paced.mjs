import { readFileSync } from 'node:fs';
import { LoadGenerator } from './load/load-generator.mjs';
import { rawGet } from './load/raw-http.mjs';
const { url, token } = JSON.parse(readFileSync('/tmp/lane/site.json')); const port = Number(new URL(url).port); const service = { port, token };
const CAPABILITIES = 1000, CATEGORIES = 50; const base = Number(process.argv[2] ?? 4000), kindsWanted = (process.argv[3] ?? '0123').split('').map(Number);
const queries = (from, count) => Array.from({ length: count }, (_, index) => { const number = from + index; const turn = Math.floor(number / 4), round = Math.floor(turn / CAPABILITIES); const capability = `capability-${turn % CAPABILITIES}`;
  const kinds = [`capability=${capability}&page=${round + 1}`, `category=category-${turn % CATEGORIES}&page=${Math.floor(turn / CATEGORIES) + 1}`, `q=capability%20${turn % CAPABILITIES}&page_size=${10 + round}`, `capability=${capability}&version=${encodeURIComponent(`>=1.${round % 10}.0`)}&page_size=${10 + Math.floor(round / 10)}`];
  return rawGet(service, `skills/discover?${kinds[kindsWanted[number % kindsWanted.length]]}`); });
const g = new LoadGenerator(); const count = 900;
const run = await g.prepare(service, queries(base, count), { periodMs: count * 10, paceMs: 1 });
await run(1000);
for (let i = 0; i < 5; i++) { const r = await run(1500); console.log(r.answers, 'p50', r.p50.toFixed(1), 'p95', r.p95.toFixed(1), 'max', r.max.toFixed(1), 'waiting', r.waiting); await new Promise((d) => setTimeout(d, 1000)); }
await g.stop();
