import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Runs a command, with the rights that installing needs. Undefined when it worked, else the end of what it said. */
export type Run = (command: string[]) => string | undefined;

/** How each package manager installs a package; the first that is on the PATH is taken. */
const INSTALLERS: { manager: string; root: boolean; install: (name: string) => string[][] }[] = [
  {
    manager: 'apt-get',
    root: true,
    install: (name) => [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', name],
    ],
  },
  { manager: 'dnf', root: true, install: (name) => [['dnf', 'install', '-y', name]] },
  { manager: 'apk', root: true, install: (name) => [['apk', 'add', '--no-cache', name]] },
  { manager: 'brew', root: false, install: (name) => [['brew', 'install', name]] },
];

/**
 * Path of one of these programs. Where there is none, the first of the packages that the system has is installed, which
 * says so, takes up to a minute and blocks. Throws when nothing works.
 */
export function ensureBinary(
  binaries: readonly string[],
  packages: readonly string[],
  afterInstall?: (run: Run) => void,
): string {
  const [program = ''] = binaries;
  return ensureInstalled(`${program} on the PATH`, () => firstOnPath(binaries), packages, afterInstall);
}

/** The same for anything that `find` gives the path of, such as a library; `what` names it in messages. */
export function ensureInstalled(
  what: string,
  find: () => string | undefined,
  packages: readonly string[],
  afterInstall: (run: Run) => void = () => undefined,
): string {
  const present = find();
  if (present !== undefined) return present;
  const installer = INSTALLERS.find(({ manager }) => firstOnPath([manager]) !== undefined);
  if (installer === undefined) throw new Error(`No ${what}, and no known package manager to install it`);
  process.stderr.write(`No ${what}: installing it with ${installer.manager} ...\n`);
  const prefix = installer.root && process.getuid?.() !== 0 ? ['sudo', '-n'] : [];
  const run: Run = (command) => execute([...prefix, ...command]);
  let output = '';
  for (const name of packages) {
    output =
      installer
        .install(name)
        .map(run)
        .find((result) => result !== undefined) ?? output;
    const installed = find();
    if (installed === undefined) continue;
    afterInstall(run);
    return installed;
  }
  throw new Error(`Could not install ${what} with ${installer.manager}; install it by hand. ${output}`);
}

export function firstOnPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable);
}

/** Debian starts the services of a package that it installs (not in a container); tests start servers of their own. */
export function stopServices(run: Run, services: readonly string[]): void {
  if (!existsSync('/run/systemd/system') || firstOnPath(['systemctl']) === undefined) return;
  for (const service of services) {
    const failed = run(['systemctl', 'disable', '--now', service]);
    if (failed !== undefined && firstOnPath([service]) !== undefined) process.stderr.write(`${failed}\n`);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function execute([command = '', ...args]: string[]): string | undefined {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status === 0) return undefined;
  return `${[command, ...args].join(' ')}: ${error?.message ?? (stdout + stderr).trim().slice(-1000)}`;
}
