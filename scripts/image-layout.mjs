/*
 * Tests docker/Dockerfile without a container engine: runs its COPY steps and the RUN steps of its build stages in a
 * temporary folder, checks the file tree of the image, and starts it as a user without rights, on a real PostgreSQL.
 * The RUN step of the last stage needs the base image: it is printed and not run. Takes about two minutes; needs root,
 * setpriv (util-linux) and a build, whose embedded PostgreSQL is the database.
 *
 *   npm run image:check [-- program of Node to start the service with]
 */
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#embedded-postgres';
import { foreignPackages } from './image-layout/foreign-packages.mjs';
import { buildStages } from './image-layout/dockerfile-stages.mjs';
import { tryService } from './image-layout/try-service.mjs';

/** `nobody` and `nogroup` of Debian: they own no file of the tree. */
const USER = 65534;

const [program = process.execPath] = process.argv.slice(2);
const root = mkdtempSync(join(tmpdir(), 'ooder-image-'));
let server;
try {
  const image = buildStages(readFileSync('docker/Dockerfile', 'utf8'), { context: process.cwd(), root });
  const foreign = foreignPackages(image.folder, JSON.parse(readFileSync('package-lock.json', 'utf8')));
  if (foreign.length > 0) throw new Error(`Not for production: ${foreign.join(', ')}`);
  console.log('packages: no development dependency, no embedded server');

  const dataDir = mkdtempSync(join(tmpdir(), 'ooder-image-db-'));
  server = { dataDir, postgres: await EmbeddedPostgres.start({ dataDir, log: () => undefined }) };
  chownSync(root, USER, USER);
  await tryService({ image, program, user: USER, databaseUrl: server.postgres.url });
} finally {
  await server?.postgres.stop();
  if (server !== undefined) rmSync(server.dataDir, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
}
