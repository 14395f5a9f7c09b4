import { CallComparison } from '../call-comparison.mjs';
import { limited } from '../report/statistics.mjs';

const RATE = 500;
const P99_BELOW_MS = 5;

/** Measures the time that the registry adds to a call of a Skill. */
export async function commands(bench) {
  const { terms, site } = bench;
  const name = `POST /commands/execute at ${RATE}/s`;
  await bench.row(name, async () => {
    const calls = await CallComparison.start(bench.generator, site);
    try {
      await calls.compare(RATE, terms.callsWarmUpMs);
      const rounds = await bench.profiled(name, async () => {
        const results = [];
        for (let round = 0; round < terms.rounds; round += 1) results.push(await calls.compare(RATE, terms.callsMs));
        return results;
      });
      return ['p50', 'p95', 'p99'].map((quantile) => {
        const values = rounds.map(({ through, direct }) => through[quantile] - direct[quantile]);
        const limit = quantile === 'p99' ? { below: P99_BELOW_MS } : undefined;
        return limited({ name: `${name}, added ${quantile}`, unit: 'ms', values, limit });
      });
    } finally {
      await calls.stop();
    }
  });
}
