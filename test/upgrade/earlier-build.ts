import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..');
const PREVIOUS = JSON.parse(readFileSync(join(import.meta.dirname, 'previous.json'), 'utf8')) as { commit: string };

interface Lock {
  packages: Record<string, { version?: string }>;
}

/** An earlier version of the service, built in a folder of its own. */
export interface EarlierBuild {
  commit: string;
  /** What stands in for the project's own folder. */
  root: string;
  remove(): void;
}

/**
 * Builds the release before this one (previous.json), or the commit of UPGRADE_FROM; half a minute.
 * @throws Error when this clone does not have it, with what to do.
 */
export function buildEarlier(commit = process.env.UPGRADE_FROM ?? PREVIOUS.commit): EarlierBuild {
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-C', ROOT, ...args], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
  let archive: Buffer;
  try {
    archive = git('archive', `${commit}^{commit}`);
  } catch (cause) {
    throw new Error(
      `This clone does not have ${commit}, the version to upgrade from. ` +
        'Of a shallow clone, "git fetch --unshallow" makes a whole one; an archive of the sources has no history.',
      { cause },
    );
  }
  const root = mkdtempSync(join(tmpdir(), 'ooder-earlier-'));
  const remove = (): void => {
    rmSync(root, { recursive: true, force: true });
  };
  const run = (file: string, ...args: string[]): void => {
    execFileSync(file, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  try {
    execFileSync('tar', ['-x', '-C', root], { input: archive });
    if (isSatisfied(lockOf(root), lockOf(ROOT))) symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    else run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error');
    run(process.execPath, join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build', 'skill-service');
  } catch (error) {
    remove();
    throw error;
  }
  return { commit, root, remove };
}

function lockOf(folder: string): Lock {
  return JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as Lock;
}

/** Whether every package of one lock is in the other, in the same version. */
function isSatisfied(lock: Lock, by: Lock): boolean {
  return Object.entries(lock.packages).every(
    ([path, { version }]) => path === '' || by.packages[path]?.version === version,
  );
}
