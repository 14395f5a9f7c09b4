import { existsSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One way to run the supervisor under an account that PostgreSQL accepts. */
export interface SupervisorCommand {
  command: string;
  args: string[];
  /** Set when this way needs the cluster to belong to that account. */
  owner?: { uid: number; gid: number };
}

/**
 * The ways to try, best first. PostgreSQL refuses to run as root, so as root on Linux it runs
 * - in a user namespace, where root is shown to it as another account: files stay root's own; or, where namespaces are
 *   not allowed (most containers) or the data folder already is an ordinary account's,
 * - as an existing account that may still enter folders that only root may (CAP_DAC_OVERRIDE).
 * No account is created on the machine. Both need util-linux, which belongs to every common distribution.
 */
export function supervisorCommands(cluster: string, args: string[]): SupervisorCommand[] {
  const node = [process.execPath, supervisorScript(), ...args];
  if (process.geteuid?.() !== 0 || process.platform !== 'linux') {
    return [{ command: process.execPath, args: node.slice(1) }];
  }
  const { uid, gid } = statSync(cluster, { throwIfNoEntry: false }) ?? statSync(dirname(cluster));
  const owner = uid === 0 ? serviceAccount() : { uid, gid };
  const inNamespace = {
    command: 'unshare',
    args: ['--user', `--map-user=${owner.uid}`, `--map-group=${owner.gid}`, '--', ...node],
    owner: { uid: 0, gid: 0 },
  };
  // access(2) forgets the capability of an ordinary account, unless no_setuid_fixup is set; PostgreSQL looks for its own
  // programs with it.
  const capability = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  const asAccount = {
    command: 'setpriv',
    args: [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', ...capability, '--', ...node],
    owner,
  };
  return uid === 0 ? [inNamespace, asAccount] : [asAccount, inNamespace];
}

/** Makes the account that will run the cluster its owner; does nothing if it is already. */
export function giveCluster(cluster: string, owner: { uid: number; gid: number }): void {
  const found = statSync(cluster, { throwIfNoEntry: false });
  if (!found || found.uid === owner.uid) return;
  const inside = readdirSync(cluster, { recursive: true, encoding: 'utf8' });
  // The folder itself comes last: if this process is killed before, its owner shows that the work is not finished.
  for (const name of [...inside, '.']) lchownSync(join(cluster, name), owner.uid, owner.gid);
}

/** initdb wants an account that has a name: the one for PostgreSQL, or else the first that is not root (daemon, bin). */
function serviceAccount(): { uid: number; gid: number } {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0);
  const { uid, gid } = accounts.find(({ name }) => name === 'postgres') ?? accounts[0] ?? { uid: 65534, gid: 65534 };
  return { uid, gid };
}

/** Beside this file once compiled; tests run this file from its source, beside the build in dist/. */
function supervisorScript(): string {
  const name = 'postgres-supervisor.js';
  const here = dirname(fileURLToPath(import.meta.url));
  const sibling = join(here, name);
  if (existsSync(sibling)) return sibling;
  let root = here;
  while (!existsSync(join(root, 'package.json')) && dirname(root) !== root) root = dirname(root);
  const built = join(root, 'dist', 'libs', 'embedded-postgres', 'src', name);
  if (!existsSync(built)) throw new Error('The PostgreSQL supervisor is not built: run "npm run build".');
  return built;
}
