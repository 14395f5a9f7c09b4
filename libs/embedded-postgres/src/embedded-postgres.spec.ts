import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { copyDataFolder } from '../../../test/support/data-folder.js';
import { parentOf, processesNaming } from '../../../test/support/processes.js';
import { until } from '../../../test/support/until.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

const BUILT = pathToFileURL(join(process.cwd(), 'dist/libs/embedded-postgres/src/index.js')).href;
/** A service of its own, for tests that kill it; it tells its url or its error and then lives on. */
const OWNER = `
  import { EmbeddedPostgres } from '${BUILT}';
  const [dataDir, lasting] = process.argv.slice(1);
  const log = (message) => console.log(JSON.stringify({ log: message }));
  try {
    const { url } = await EmbeddedPostgres.start({ dataDir, log });
    console.log(JSON.stringify({ url }));
    if (lasting === 'lasting') setInterval(() => undefined, 1000);
  } catch (error) {
    console.log(JSON.stringify({ error: error.name, message: error.message }));
  }`;

type Told = { log?: string; url?: string; error?: string; message?: string };
type Owner = { child: ChildProcess; outcome: Promise<Told> };
const isRoot = process.geteuid?.() === 0;
const onLinux = process.platform === 'linux' ? it : it.skip;
const asRootOnLinux = isRoot && process.platform === 'linux' ? it : it.skip;

let root: string;
let dataDir: string;
let logged: string[];
const owners: ChildProcess[] = [];
const servers: EmbeddedPostgres[] = [];

beforeEach(() => {
  // mkdtemp makes a folder that only its owner may enter.
  root = mkdtempSync(join(tmpdir(), 'embedded-postgres-'));
  dataDir = join(root, 'a folder', 'données');
  logged = [];
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const owner of owners.splice(0)) owner.kill('SIGKILL');
  await until(() => processesNaming(root).length === 0);
  rmSync(root, { recursive: true });
});

/** For tests that are not about the first start: a folder whose service was stopped. */
function startedBefore(): void {
  copyDataFolder(dataDir);
}

async function start(): Promise<EmbeddedPostgres> {
  const server = await EmbeddedPostgres.start({ dataDir, log: (message) => logged.push(message) });
  servers.push(server);
  return server;
}

function startOwner(options: { lasting?: boolean; path?: string } = {}): Owner {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', OWNER, dataDir, options.lasting === false ? '' : 'lasting'],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PATH: options.path ?? process.env.PATH } },
  );
  owners.push(child);
  const outcome = new Promise<Told>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const told = JSON.parse(line) as Told;
      if (told.log === undefined) resolve(told);
    });
  });
  return { child, outcome };
}

async function urlOf(owner: Owner): Promise<string> {
  const { url, message } = await owner.outcome;
  if (url === undefined) throw new Error(message);
  return url;
}

async function query(url: string, sql: string): Promise<unknown[][]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

async function keepNote(url: string): Promise<void> {
  await query(url, `CREATE TABLE note AS SELECT 'kept' AS text`);
}

async function answers(url: string): Promise<boolean> {
  return (await query(url, 'SELECT 1').catch(() => [])).length === 1;
}

function serverPid(): number {
  return parseInt(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}

/** A folder for PATH with the named programs only. */
function pathWith(programs: Record<string, string>): string {
  const folder = join(root, 'bin');
  mkdirSync(folder);
  for (const [name, target] of Object.entries(programs)) symlinkSync(target, join(folder, name));
  return folder;
}

describe('a first and a later start', () => {
  it('keeps what was committed, on a server that is private, durable and the same on every machine', async () => {
    const first = await start();
    expect(first.url).toMatch(/^postgresql:\/\/ooder:[\w-]{32}@127\.0\.0\.1:\d+\/skill_db$/);
    await keepNote(first.url);
    await first.stop();
    await first.stop();
    expect(processesNaming(root)).toEqual([]);
    expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'postgres-password']);

    const second = await start();
    expect(await query(second.url, 'SELECT text FROM note')).toEqual([['kept']]);
    const names = `'listen_addresses', 'unix_socket_directories', 'fsync', 'synchronous_commit', 'server_encoding'`;
    const settings = await query(second.url, `SELECT setting FROM pg_settings WHERE name IN (${names}) ORDER BY name`);
    expect(settings.flat()).toEqual(['on', '127.0.0.1', 'UTF8', 'on', '']);
    expect(await query(second.url, 'SELECT datlocprovider, datlocale FROM pg_database WHERE oid = 5')).toEqual([
      ['b', 'C.UTF-8'],
    ]);
    expect(await query(second.url, `SELECT DISTINCT auth_method FROM pg_hba_file_rules`)).toEqual([['scram-sha-256']]);
    await expect(query(second.url.replace(/:[\w-]{32}@/, ':wrong@'), 'SELECT 1')).rejects.toThrow('authentication');
    expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
    expect(logged.every((line) => !line.includes('\n'))).toBe(true);
  });

  it('says what to do when the password was lost', async () => {
    startedBefore();
    rmSync(join(dataDir, 'postgres-password'));
    await expect(start()).rejects.toThrow('restore that file');
    expect(processesNaming(root)).toEqual([]);
  });

  it('lets a process end that no longer does anything', async () => {
    startedBefore();
    const owner = startOwner({ lasting: false });
    await urlOf(owner);
    await once(owner.child, 'exit');
    await until(() => processesNaming(root).length === 0);
  });
});

describe('after a kill -9', () => {
  it('of the service, the server stops by itself, and a new one starts at once with what was committed', async () => {
    startedBefore();
    const owner = startOwner();
    await keepNote(await urlOf(owner));
    owner.child.kill('SIGKILL');
    await until(() => processesNaming(root).length === 0);

    const second = startOwner();
    await query(await urlOf(second), 'INSERT INTO note VALUES (2)');
    second.child.kill('SIGKILL');
    expect(await query((await start()).url, 'SELECT text FROM note')).toEqual([['kept'], ['2']]);
  });

  it('in the middle of the first start, nothing half made blocks the next', async () => {
    const owner = startOwner();
    const drafts = () => (existsSync(dataDir) ? readdirSync(dataDir).filter((name) => name.includes('.new-')) : []);
    await until(() => drafts().some((name) => existsSync(join(dataDir, name, 'PG_VERSION'))));
    owner.child.kill('SIGKILL');
    mkdirSync(join(dataDir, 'postgres.new-left', 'base'), { recursive: true });
    expect(await answers((await start()).url)).toBe(true);
    expect(drafts()).toEqual([]);
  });

  onLinux('of every Node process, no server is left behind', async () => {
    startedBefore();
    const owner = startOwner();
    await urlOf(owner);
    const server = serverPid();
    process.kill(parentOf(server), 'SIGKILL');
    owner.child.kill('SIGKILL');
    await until(() => processesNaming(root).length === 0);
  });

  onLinux('of every Node process where setpriv is missing, the next start stops the server', async () => {
    startedBefore();
    const owner = startOwner({ path: pathWith(isRoot ? { unshare: '/usr/bin/unshare' } : {}) });
    await keepNote(await urlOf(owner));
    const server = serverPid();
    process.kill(parentOf(server), 'SIGKILL');
    owner.child.kill('SIGKILL');
    await once(owner.child, 'exit');
    const { url } = await start();
    expect(logged.join('\n')).toContain(`stopping the PostgreSQL (process ${server})`);
    expect(serverPid()).not.toBe(server);
    expect(await query(url, 'SELECT text FROM note')).toEqual([['kept']]);
  });

  it('of PostgreSQL, it comes back on the same port', async () => {
    startedBefore();
    const { url } = await start();
    await keepNote(url);
    const killed = serverPid();
    process.kill(killed, 'SIGKILL');
    await until(async () => (await answers(url)) && serverPid() !== killed);
    expect(await query(url, 'SELECT text FROM note')).toEqual([['kept']]);
  });

  it('of the supervisor, another one takes its place', async () => {
    startedBefore();
    const { url } = await start();
    const killed = serverPid();
    process.kill(parentOf(killed), 'SIGKILL');
    await until(async () => (await answers(url)) && serverPid() !== killed);
  });
});

describe('the data folder', () => {
  it('goes to exactly one of two services that start at once', async () => {
    const contenders = [startOwner(), startOwner()];
    const outcomes = await Promise.all(contenders.map(({ outcome }) => outcome));
    const winner = contenders[outcomes.findIndex(({ url }) => url !== undefined)];
    const losers = outcomes.filter(({ url }) => url === undefined);
    expect(losers.map(({ error }) => error)).toEqual(['DataFolderInUseError']);
    expect(losers[0]?.message).toContain(`${dataDir} is in use by process ${winner?.child.pid}`);
  });

  it('of another PostgreSQL is left as it is, with what to do', async () => {
    startedBefore();
    const version = join(dataDir, 'postgres', 'PG_VERSION');
    const made = readFileSync(version, 'utf8');
    writeFileSync(version, '15\n');
    const advice = `made by PostgreSQL 15, and this version of the service brings ${made.trim()}. Start the version that made it`;
    await expect(start()).rejects.toThrow(advice);
    expect(processesNaming(root)).toEqual([]);
    expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'postgres-password']);
    writeFileSync(version, made);
    expect(await answers((await start()).url)).toBe(true);
  });

  it('may hold a postmaster.pid whose pid now is another program', async () => {
    startedBefore();
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    try {
      const file = join(dataDir, 'postgres', 'postmaster.pid');
      writeFileSync(file, `${other.pid}\n${join(dataDir, 'postgres')}\n1\n5432\n\n127.0.0.1\n0 0\nready\n`);
      expect(await answers((await start()).url)).toBe(true);
      expect(other.exitCode ?? other.signalCode).toBeNull();
    } finally {
      other.kill();
    }
  });

  asRootOnLinux('works for root where user namespaces are not allowed, and afterwards where they are', async () => {
    startedBefore();
    const owner = startOwner({ path: pathWith({ unshare: '/bin/false', setpriv: '/usr/bin/setpriv' }) });
    await keepNote(await urlOf(owner));
    expect(statSync(join(dataDir, 'postgres')).uid).not.toBe(0);
    owner.child.kill('SIGKILL');
    expect(await query((await start()).url, 'SELECT text FROM note')).toEqual([['kept']]);
  });

  asRootOnLinux('tells root what to do where nothing works', async () => {
    const { message } = await startOwner({ path: pathWith({}) }).outcome;
    expect(message).toContain('Run the service as an ordinary user, or set DATABASE_URL.');
  });
});
