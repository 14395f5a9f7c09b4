/*
 * Shows the CPU time of the service by room or package: shares of the time in which it worked.
 *
 *   npm run bench -- --profile folder && node test/bench/report/profile-summary.mjs folder/*.cpuprofile
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const SHOWN = 12;
const IDLE = ['(idle)', '(root)', 'the profiler'];

for (const file of process.argv.slice(2)) {
  const shares = sharesOf(JSON.parse(readFileSync(file, 'utf8')));
  console.log(`\n${basename(file, '.cpuprofile')}`);
  for (const [category, share] of shares.slice(0, SHOWN)) {
    console.log(`  ${(100 * share).toFixed(1).padStart(5)} %  ${category}`);
  }
}

/** By category, the largest first. */
function sharesOf({ nodes, samples, timeDeltas }) {
  const categories = new Map(nodes.map(({ id, callFrame }) => [id, categoryOf(callFrame)]));
  const times = new Map();
  for (const [index, id] of samples.entries()) {
    const category = categories.get(id);
    times.set(category, (times.get(category) ?? 0) + timeDeltas[index]);
  }
  for (const idle of IDLE) times.delete(idle);
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([category, time]) => [category, time / total]).sort(([, a], [, b]) => b - a);
}

function categoryOf({ functionName, url }) {
  if (url === '' && functionName === 'dispatch') return 'the profiler';
  if (url === '' && /^write/.test(functionName)) return 'writing to sockets';
  const [, module] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url) ?? [];
  if (module !== undefined) return module;
  const [, room] = /\/dist\/((?:libs|apps)\/[^/]+|config)\//.exec(url) ?? [];
  if (room !== undefined) return room;
  if (url.startsWith('node:internal/crypto') || url === 'node:crypto') return 'node: crypto';
  if (url.startsWith('node:')) return `node: ${/^node:(?:internal\/)?([^/_]+)/.exec(url)?.[1] ?? 'other'}`;
  if (functionName.startsWith('(')) return functionName;
  return 'native code (JSON, strings, buffers, microtasks)';
}
