import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import { ensureInstalled, firstOnPath, stopServices } from './system-package.js';
import { until } from './until.js';

export interface SystemPostgres {
  /** Of the server's superuser, and the database `postgres`. */
  url: string;
  /** Where its programs are: pg_dump and the others, of the same version as the server. */
  bin: string;
  stop(): Promise<void>;
}

const PACKAGES = ['postgresql', 'postgresql-server'];
/** Of Debian; elsewhere they are on the PATH. */
const VERSIONS = '/usr/lib/postgresql';
/** A password that has to be quoted in a URL, in a password file and in a shell. */
const PASSWORD = `p:a\\ss/${randomBytes(6).toString('hex')}'"$ @`;
/** Reads a pipe that ends with the process that holds it: a test run that is killed leaves no server behind. */
const WARDEN = 'read _; kill -INT "$0"; sleep 1; rm -rf "$1"';

/**
 * Starts the PostgreSQL of the system's packages, which comes with pg_dump and pg_restore; the embedded one has neither,
 * and is newer than many systems' pg_dump can read.
 */
export async function startSystemPostgres(): Promise<SystemPostgres> {
  const bin = dirname(
    ensureInstalled('PostgreSQL server with its programs', findInitdb, PACKAGES, (run) => {
      stopServices(run, ['postgresql']);
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'system-postgres-'));
  const account = accountOf();
  if (account) chownSync(folder, account.uid, account.gid);
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD);
  const data = join(folder, 'data');
  const initdb = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'tester', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C.UTF-8'],
    { ...account, cwd: folder, encoding: 'utf8' },
  );
  if (initdb.status !== 0) throw new Error(`initdb: ${initdb.stdout}${initdb.stderr}`);
  const port = await freePort();
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
    { ...account, cwd: folder, stdio: 'ignore' },
  );
  const warden = spawn('sh', ['-c', WARDEN, String(server.pid), folder], { stdio: ['pipe', 'ignore', 'ignore'] });
  const url = `postgresql://tester:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`;
  await until(() => answers(url), 20_000);
  return {
    url,
    bin,
    stop: async () => {
      warden.kill('SIGKILL');
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findInitdb(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(VERSIONS, version, 'bin', 'initdb')).find((path) => existsSync(path));
  return found ?? firstOnPath(['initdb']);
}

/** PostgreSQL refuses to run as root: then the owner of nothing takes its place. */
function accountOf(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const number = (option: string) => Number(spawnSync('id', [option, 'postgres'], { encoding: 'utf8' }).stdout);
  const account = { uid: number('-u'), gid: number('-g') };
  if (!(account.uid > 0)) throw new Error('There is no account "postgres", which the package makes');
  return account;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } catch {
    // Not there yet: the caller asks again.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  await exit;
}

/** The permissions of a file, as `ls` numbers them. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}
