/*
 * Measures the service beside a bare server. docs/maintainers/benchmarks.md explains the table.
 *
 *   npm run bench [-- --json file] [-- --profile folder]
 *   npm run bench:quick
 *
 * Starts all servers on free ports. Exits with 0 whether targets are met or not, and with 1 if something went wrong:
 * an answer other than 2xx, or no end within 10 minutes (150 s for a quick run).
 */
import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers';
import { parseArgs } from 'node:util';
import { BenchRun } from './bench-run.mjs';
import { footprint } from './report/capacity.mjs';
import { circumstances, tableOf } from './report/report.mjs';
import { access } from './rows/access.mjs';
import { beating, memory } from './rows/beating.mjs';
import { coldDiscover } from './rows/cold-discover.mjs';
import { commands } from './rows/commands.mjs';
import { heartbeats } from './rows/heartbeats.mjs';
import { hotReads } from './rows/hot-reads.mjs';
import { register } from './rows/register.mjs';
import { starts, takeOver } from './rows/starts.mjs';
import { FULL, QUICK } from './terms.mjs';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' }, profile: { type: 'string' } },
});
const terms = values.quick ? QUICK : FULL;
const began = performance.now();
const bench = new BenchRun(terms, values.profile);
const tooLong = `It takes longer than ${terms.withinMs / 1000} s: something is wrong, or the machine is too slow.`;
setTimeout(() => void giveUp(tooLong), terms.withinMs).unref();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void giveUp(`stopped by ${signal}`));

try {
  await bench.start();
  await hotReads(bench);
  await coldDiscover(bench);
  await bench.stopSmall();
  await access(bench);
  await commands(bench);
  const space = await footprint(bench);
  await beat('in-process', [100]);
  await beat('Redis', [100, 1]);
  await starts(bench);
  await bench.leasesKnown();
  await register(bench);
  const about = await circumstances(bench, (performance.now() - began) / 1000);
  print(about, space);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ about, rows: bench.lines, footprint: space }, null, 2)}\n`);
  }
} finally {
  await bench.stop();
}
process.exitCode = bench.hasFailed ? 1 : 0;

async function giveUp(why) {
  console.error(why);
  await bench.stop();
  process.exit(1);
}

/** Rows for one lease store: single heartbeats as fast as possible, then those of all Skills at their interval. */
async function beat(store, batches) {
  await bench.restart(store, { intervalS: terms.intervalS, fresh: true });
  await takeOver(bench, store);
  await heartbeats(bench, store);
  for (const batch of batches) await beating(bench, { store, batch });
  await memory(bench, store);
}

function print(about, { tables, bytesInPostgres, bytesInRedis }) {
  for (const [name, value] of Object.entries(about)) console.log(`${name.padEnd(10)} ${value}`);
  console.log(`\n${tableOf(bench.lines)}\n`);
  console.log(`a Skill takes ${bytesInPostgres.toFixed(0)} bytes in PostgreSQL, ${bytesInRedis.toFixed(0)} in Redis:`);
  for (const { table, rows, bytes, indexes } of tables) {
    const per = (total) => (total / terms.large).toFixed(0);
    console.log(
      `  ${table}: ${(rows / terms.large).toFixed(1)} rows, ${per(bytes)} bytes, ${per(indexes)} of them indexes`,
    );
  }
}
