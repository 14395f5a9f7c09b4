/*
 * The soak test: runs a mixed load for some time, and checks that memory, handles and connections do not grow.
 * See docs/maintainers/faults-and-soak.md.
 *
 *   npm run test:soak [-- --minutes 10] [-- --json file]
 *
 * Starts all servers on free ports of the loopback. Exits with 1 if something grows, or a request fails.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, json: { type: 'string' } },
});
const minutes = Number(values.minutes);
if (!(minutes >= 1)) {
  console.error('--minutes takes a number, 1 or more.');
  process.exit(1);
}
const NODE = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const env = {
  ...process.env,
  SOAK_MINUTES: String(minutes),
  ...(values.json !== undefined && { SOAK_JSON: resolve(values.json) }),
};
const args = [...NODE, '--config', 'test/soak/jest.config.mjs', '--runInBand'];
const run = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => run.kill(signal));
const [code] = await once(run, 'close');
process.exitCode = code === 0 ? 0 : 1;
