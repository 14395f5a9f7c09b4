import { spawnSync } from 'node:child_process';
import { ensureBinary, stopServices } from './system-package.js';

/** In Debian, Alpine and Homebrew, and in Fedora. */
const PACKAGES = ['prometheus', 'golang-github-prometheus'];

/** Path of Prometheus' own checker; installed (20 MB) where there is none, without leaving a server running. */
export function ensurePromtool(): string {
  return ensureBinary(['promtool'], PACKAGES, (run) => {
    stopServices(run, ['prometheus']);
  });
}

/** Runs it to its end. */
export function promtool(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(ensurePromtool(), args, { encoding: 'utf8', timeout: 300_000 });
  return { status, output: stdout + stderr };
}
