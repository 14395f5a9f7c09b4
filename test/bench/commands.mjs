/*
 * Measures the cost of calling a Skill through the registry: the same calls at the same rate, through it and directly, side by
 * side.
 *
 *   node test/bench/commands.mjs [--rate 500] [--seconds 60] [--redis] [--core 0] [--profile file]
 *
 * Every call is recorded as usual. --core pins the service. Exits with 1 if something went wrong.
 */
import { parseArgs } from 'node:util';
import { BenchSite } from './site/bench-site.mjs';
import { CallComparison } from './call-comparison.mjs';
import { LoadGenerator } from './load/load-generator.mjs';

// V8 compiles functions that run once a call after about 10,000 calls, many at the same time.
const WARM_UP_MS = 25_000;
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    core: { type: 'string' },
    redis: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);

const env = { OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8' };
const generator = new LoadGenerator();
const site = await BenchSite.start({ redis: values.redis, core: values.core, env });
let calls;
try {
  calls = await CallComparison.start(generator, site);
  await calls.compare(rate, WARM_UP_MS);
  report(await site.service.profiled(values.profile, () => calls.compare(rate, seconds * 1000)));
} finally {
  await calls?.stop();
  await generator.stop();
  await site.stop();
}

function report({ through, direct, cpu }) {
  const rows = ['p50', 'p95', 'p99'].map((quantile) => {
    const [ours, theirs] = [through[quantile], direct[quantile]];
    return [quantile, theirs.toFixed(2), ours.toFixed(2), (ours - theirs).toFixed(2)];
  });
  console.log(`${rate} calls a second each way for ${seconds} s, in milliseconds`);
  for (const row of [['', 'direct', 'through', 'added'], ...rows])
    console.log(row.map((cell) => cell.padStart(9)).join(''));
  const share = (used) => `${((100 * used) / seconds).toFixed(0)} % of a core`;
  console.log(
    `service ${share(cpu.service)}, PostgreSQL ${share(cpu.postgres)}, the whole machine ${share(cpu.machine)}`,
  );
  console.log(`answers ${through.answers} and ${direct.answers}`);
}
