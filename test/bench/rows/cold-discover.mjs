import { rawGet } from '../load/raw-http.mjs';
import { CAPABILITIES, CATEGORIES } from '../seed.mjs';
import { interleaved, limited, spreadOf } from '../report/statistics.mjs';

const PER_SECOND = 100;
const P95_BELOW_MS = 10;
const MOST_TIMES_SLOWER = 2;
/** Most requests that a saturated round can need. */
const SATURATED_PER_SECOND = 5000;

/** Discovery with new queries, at the large and the small registry. */
export async function coldDiscover(bench) {
  const { generator, terms, site, small } = bench;
  const sites = { large: site, small };
  await bench.row('discover, cold', async () => {
    const paced = {};
    const count = Math.ceil((PER_SECOND * terms.roundMs * (terms.rounds + 1)) / 1000);
    for (const [size, { service }] of Object.entries(sites)) {
      const options = { periodMs: (1000 * count) / PER_SECOND, paceMs: 1 };
      const run = await generator.prepare(service, queries(service, 0, count), options);
      await run(terms.warmUpMs);
      paced[size] = () => run(terms.roundMs);
    }
    const results = await bench.profiled('discover, cold', () => interleaved(terms.rounds, paced));
    const p95 = Object.fromEntries(Object.entries(results).map(([size, rounds]) => [size, rounds.map((r) => r.p95)]));
    const saturated = {};
    const many = Math.ceil((SATURATED_PER_SECOND * terms.roundMs * terms.rounds) / 1000);
    for (const [size, { service }] of Object.entries(sites)) {
      const run = await generator.prepare(service, queries(service, count, many), { once: true });
      saturated[size] = () => run(terms.roundMs);
    }
    const full = await interleaved(terms.rounds, saturated);
    return [...pacedLines(bench, p95), ...saturatedLines(bench, full)];
  });
}

function pacedLines(bench, { large, small }) {
  const { terms } = bench;
  const [many, few] = [terms.large, terms.small].map((count) => count.toLocaleString('en'));
  const ratio = spreadOf(large.map((value, round) => value / small[round]));
  const name = `discover, cold, p95 at ${PER_SECOND}/s`;
  return [
    limited({
      name: `${name}, ${many} Skills`,
      unit: 'ms',
      values: large,
      limit: bench.atFullSize({ below: P95_BELOW_MS }),
    }),
    {
      name: `${name}, ${many} against ${few} Skills`,
      unit: 'ms',
      measured: spreadOf(large),
      baseline: { name: `${few} Skills`, ...spreadOf(small) },
      ratio,
      target: `< ${MOST_TIMES_SLOWER} x`,
      met: ratio.median < MOST_TIMES_SLOWER,
    },
  ];
}

function saturatedLines({ terms }, { large, small }) {
  return [
    [terms.large, large],
    [terms.small, small],
  ].flatMap(([count, rounds]) => {
    const name = `discover, cold, 32 connections, ${count.toLocaleString('en')} Skills`;
    return [
      limited({ name, unit: 'requests/s', values: rounds.map(({ rate }) => rate) }),
      limited({ name: `${name}, p95`, unit: 'ms', values: rounds.map(({ p95 }) => p95) }),
    ];
  });
}

/** Returns queries by capability, category, words and version: each one is different. */
function queries(service, from, count) {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const turn = Math.floor(number / 4);
    const round = Math.floor(turn / CAPABILITIES);
    const capability = `capability-${turn % CAPABILITIES}`;
    const kinds = [
      `capability=${capability}&page=${round + 1}`,
      `category=category-${turn % CATEGORIES}&page=${Math.floor(turn / CATEGORIES) + 1}`,
      `q=capability%20${turn % CAPABILITIES}&page_size=${10 + round}`,
      `capability=${capability}&version=${encodeURIComponent(`>=1.${round % 10}.0`)}&page_size=${10 + Math.floor(round / 10)}`,
    ];
    return rawGet(service, `skills/discover?${kinds[number % 4]}`);
  });
}
