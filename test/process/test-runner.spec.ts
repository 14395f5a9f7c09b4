import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { isAlone, specFiles } from '../bundles/bundle.js';
import { until } from '../support/until.js';

const RUNNER = 'scripts/test.mjs';

const listed = (...args: string[]) =>
  execFileSync(process.execPath, [RUNNER, '--listTests', ...args], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((path) => path.slice(process.cwd().length + 1))
    .toSorted();

/** The processes that have this variable in their environment. */
const processesOf = (variable: string) =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(variable);
    } catch {
      return false;
    }
  });

describe('npm test', () => {
  it('runs all bundles, and each spec that runs alone', () => {
    const bundles = readdirSync('test/bundles').filter((file) => file.endsWith('.bundle.ts'));
    const alone = specFiles().filter(isAlone);
    expect(listed()).toEqual([...bundles.map((file) => `test/bundles/${file}`), ...alone].toSorted());
  });

  it('runs every spec whose path matches, wherever it is', () => {
    const matching = (pattern: RegExp) => specFiles().filter((spec) => pattern.test(spec));
    expect(listed('lease')).toEqual(matching(/lease/));
    expect(listed('test/process/tls', 'etag')).toEqual(matching(/test\/process\/tls|etag/));
    expect(listed('-t', 'some words', 'etag')).toEqual(matching(/etag/));
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('leaves no process behind after %s', async (signal) => {
    const mark = `TEST_RUNNER_MARK=${signal}-${process.pid}`;
    const [name = '', value] = mark.split('=');
    const runner = spawn(process.execPath, [RUNNER, 'libs/cache/src/cache.provider'], {
      env: { ...process.env, [name]: value },
      stdio: 'ignore',
    });
    const ended = once(runner, 'exit');
    // The runner, Jest, the supervisor of PostgreSQL and its server, at least.
    await until(() => processesOf(mark).length >= 4, 60_000);
    runner.kill(signal);
    expect(await ended).toEqual([signal === 'SIGTERM' ? 143 : 130, null]);
    expect(processesOf(mark)).toEqual([]);
  });
});
