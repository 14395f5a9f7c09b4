/*
 * The fault suite: checks what the service promises while parts fail. See docs/maintainers/faults-and-soak.md.
 *
 *   npm run test:faults [-- --only name] [-- --json file]
 *
 * Starts all servers on free ports of the loopback. Exits with 1 if a promise is broken, or nothing was run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { outcomesIn, tableOf } from './report/outcomes.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'string' } } });
const NODE = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const folder = mkdtempSync(join(tmpdir(), 'ooder-faults-'));
try {
  const args = [...NODE, '--config', 'test/faults/jest.config.mjs', '--runInBand'];
  if (values.only !== undefined) args.push('--testNamePattern', values.only);
  const load = loadavg()[0].toFixed(2);
  const env = { ...process.env, FAULTS_OUTCOMES: folder };
  const run = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => run.kill(signal));
  const [code] = await once(run, 'close');
  const outcomes = outcomesIn(folder);
  const count = (result) => outcomes.filter((outcome) => outcome.result === result).length;
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const about = `${cpus().length} cores, load ${load} before and ${loadavg()[0].toFixed(2)} after, ${seconds.toFixed(0)} s`;
  console.log(`\n${tableOf(outcomes)}\n`);
  console.log(`${count('kept')} kept, ${count('broken')} broken, ${count('not run')} not run (${about})`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ about, outcomes }, null, 2)}\n`);
  process.exitCode = code !== 0 || outcomes.length === 0 || count('broken') > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
