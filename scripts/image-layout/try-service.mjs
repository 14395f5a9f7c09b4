import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../free-port.mjs';

const READY_WITHIN_MS = 60_000;

/**
 * Starts the command of the image as `user`, who may write nowhere, not even in DATA_DIR. Throws if the health check of the image
 * fails, if the user can write into the tree, or if SIGTERM does not end the service with 0.
 */
export async function tryService({ image, program, user, databaseUrl }) {
  const env = { ...image.env, ...secrets(), APP_PORT: String(await freePort()), DATABASE_URL: databaseUrl };
  const as = ['--reuid', String(user), '--regid', String(user), '--clear-groups', '--no-new-privs'];
  const options = { cwd: image.folder, env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' };
  const command = ([name, ...args]) => [...as, '--', name === 'node' ? program : name, ...args];

  const written = spawnSync('setpriv', command(['find', '.', '-writable', '-not', '-type', 'l']), options);
  if (written.status !== 0 || written.stdout !== '') throw new Error(`writable in the tree: ${written.stdout}`);

  const migrate = image.cmd.map((word) => word.replace('main.js', 'database-cli.js'));
  console.log(
    execFileSync('setpriv', command([...migrate, 'migrate']), options)
      .trim()
      .slice(0, 100),
  );

  // The image must start the same command as package.json in production.
  const { scripts } = JSON.parse(readFileSync(join(image.folder, 'package.json'), 'utf8'));
  if (scripts['start:prod'] !== image.cmd.join(' ')) throw new Error(`start:prod is "${scripts['start:prod']}"`);
  const service = spawn('setpriv', command(image.cmd), { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [service.stdout, service.stderr]) stream.setEncoding('utf8').on('data', (s) => (output += s));
  try {
    const check = () => spawnSync('setpriv', command(image.healthcheck), options);
    const deadline = Date.now() + READY_WITHIN_MS;
    while (check().status !== 0) {
      if (service.exitCode !== null) throw new Error('the service has ended');
      if (Date.now() > deadline) throw new Error(`not ready: ${check().stderr}`);
      await delay(250);
    }
    console.log(`/readyz ${await get(`http://127.0.0.1:${env.APP_PORT}/readyz`)}`);
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1];
    console.log(`uid ${user}, nothing writable, ${Math.round(Number(resident) / 1024)} MiB resident`);
    const ended = once(service, 'exit');
    service.kill('SIGTERM');
    const [code] = await ended;
    if (code !== 0) throw new Error(`exit code ${code} at SIGTERM`);
    if (check().status === 0) throw new Error('the health check passes without a service');
    console.log('SIGTERM: exit code 0');
  } catch (error) {
    service.kill('SIGKILL');
    throw new Error(`${error.message}\n${output}`, { cause: error });
  }

  refusesWithoutDatabase({ program, image, options });
}

/** Without DATABASE_URL there is no database: the service must say so and exit with 1. */
function refusesWithoutDatabase({ program, image, options }) {
  const folder = mkdtempSync(join(tmpdir(), 'ooder-image-data-'));
  try {
    const env = { ...options.env, DATABASE_URL: '', DATA_DIR: folder };
    // Run as the owner of the folder: another user would fail because it cannot write.
    const { status, stdout, stderr } = spawnSync(program, image.cmd.slice(1), { ...options, env });
    if (status !== 1 || !(stdout + stderr).includes('DATABASE_URL')) throw new Error(`${status}: ${stdout}${stderr}`);
    console.log(`without DATABASE_URL: ends with 1, leaving ${readdirSync(folder).length} file(s) in DATA_DIR`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The secrets that replicas without a common data folder need: with them nothing is stored in DATA_DIR. */
function secrets() {
  return {
    SECURITY_JWT_SECRET: randomBytes(48).toString('base64'),
    SECURITY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    SECURITY_ADMIN_CLIENT_SECRET: randomBytes(24).toString('hex'),
    CALLBACK_SIGNING_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  };
}

/** Returns status and body. */
async function get(url) {
  const [response] = await once(http.get(url, { timeout: 3000 }), 'response');
  let body = '';
  for await (const text of response.setEncoding('utf8')) body += text;
  return `${response.statusCode} ${body}`;
}
