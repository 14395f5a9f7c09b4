import { limited } from '../report/statistics.mjs';

const READY_WITHIN_S = 3;

/**
 * Measures starts on a migrated database with all Skills, from the process until /readyz is 200. At the first start, Redis is
 * empty, so that all leases are taken over from PostgreSQL at the same time.
 */
export async function starts(bench) {
  const { terms } = bench;
  const name = `start until ready, ${terms.large.toLocaleString('en')} Skills`;
  await bench.row(name, async () => {
    const values = [];
    for (let round = 0; round < terms.starts; round += 1) {
      const { readyAfterMs } = await bench.restart('Redis', { fresh: round === 0 });
      values.push(readyAfterMs / 1000);
    }
    return [limited({ name, unit: 's', values, limit: bench.atFullSize({ below: READY_WITHIN_S }) })];
  });
}

/** After a start with an empty lease store: from ready until the store knows all leases. The service answers in that time. */
export async function takeOver(bench, store) {
  const name = `leases taken over from PostgreSQL, ${store}`;
  await bench.row(name, async () => [limited({ name, unit: 's', values: [await bench.leasesKnown()] })]);
}
