import { chmodSync, cpSync, mkdtempSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
// The built code: Jest loads this file before any transform or name mapping.
import { DatabaseSettings } from '#config';
import { migrate } from '#database';
import { EmbeddedPostgres } from '#embedded-postgres';

/** The server of the specs gives these up: what it holds need not outlive a crash of the machine. */
const DURABILITY = ['fsync', 'synchronous_commit', 'full_page_writes'];

/** A file system in memory. A run makes and deletes some 100,000 files of databases, which takes a disk longer. */
const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 4 * 2 ** 30;

/**
 * Starts one PostgreSQL for all specs. TEST_DATABASE_URL (of a superuser's empty database) takes the place of the embedded one.
 *
 * Sets for the specs: TEST_TEMPLATE_URL, a migrated database to copy, which takes a fraction of the time of migrating; and
 * TEST_DATA_FOLDER, the data folder of an embedded server that was migrated and stopped, to copy instead of running initdb.
 */
export default async function setup() {
  let url = process.env.TEST_DATABASE_URL;
  if (url === undefined) {
    const root = mkdtempSync(join(pickFolder(), 'ooder-test-'));
    globalThis.ooderTestServer = { root };
    // The specs and the services that they start put their folders there too. PostgreSQL of the system runs as another user.
    chmodSync(root, 0o711);
    process.env.TMPDIR = root;
    const dataDir = join(root, 'server');
    const options = { dataDir, log: () => undefined };
    await initialise(options);
    process.env.TEST_DATA_FOLDER = copyOf(dataDir, join(root, 'template'));
    const server = await EmbeddedPostgres.start(options);
    globalThis.ooderTestServer.server = server;
    url = server.url;
  } else await migrate(url, new DatabaseSettings());
  process.env.TEST_TEMPLATE_URL = url;
}

/** Containers have little memory there, and other systems have no such folder. */
function pickFolder() {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

async function initialise(options) {
  const server = await EmbeddedPostgres.start(options);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  for (const setting of DURABILITY) await client.query(`ALTER SYSTEM SET ${setting} = off`);
  await client.query('SELECT pg_reload_conf()');
  await client.end();
  await migrate(server.url, new DatabaseSettings());
  await server.stop();
}

/** With PostgreSQL's own defaults: specs of faults and kills rely on what was committed. */
function copyOf(dataDir, folder) {
  cpSync(dataDir, folder, { recursive: true });
  writeFileSync(join(folder, 'postgres', 'postgresql.auto.conf'), '');
  return folder;
}
