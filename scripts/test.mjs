/*
 * Runs all tests: those of processes and their faults, which are timed by clocks, one after the other; and beside them all
 * others, with a lower priority, so that they take no CPU from those, and one at a time: they are left half of two cores,
 * and two of them would each come to a quarter. What the first print comes after the others.
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';

const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const TIMED = ['test/process', 'faults.spec'];

const timed = start([...TIMED, '--runInBand'], 'pipe');
const others = start(['--testPathIgnorePatterns', ...TIMED, '--maxWorkers=1'], 'inherit');
setPriority(others.pid, constants.priority.PRIORITY_BELOW_NORMAL);
const output = [];
for (const stream of [timed.stdout, timed.stderr]) stream.on('data', (part) => output.push(part));
const stop = (signal) => {
  for (const child of [timed, others]) child.kill(signal);
};
process.on('SIGINT', () => stop('SIGINT')).on('SIGTERM', () => stop('SIGTERM'));

const [[othersCode], [timedCode]] = await Promise.all([once(others, 'close'), once(timed, 'close')]);
process.stdout.write(Buffer.concat(output));
process.exitCode = othersCode || timedCode ? 1 : 0;

function start(args, stdio) {
  return spawn(process.execPath, [...JEST, ...args], { stdio: ['ignore', stdio, stdio] });
}
