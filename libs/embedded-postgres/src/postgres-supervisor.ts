/**
 * The process that PostgreSQL runs under: `node postgres-supervisor.js <data folder> <password file>`. It knows only
 * the pipe to the service, and stops the server when the pipe ends, even by a kill -9 of the service.
 */
import { accessSync, constants } from 'node:fs';
import { createInterface } from 'node:readline';
import { findBinaries } from './postgres-binaries.js';
import { keepServer } from './server-keeper.js';
import { describeError, type SupervisorMessage, type SupervisorOrder } from './supervisor-protocol.js';

const [dataDir = '', passwordFile = ''] = process.argv.slice(2);
const stop = new AbortController();

// Only the pipe stops the supervisor. A signal to the whole group (Ctrl-C, systemd, a container's stop) reaches the
// service too, which still needs its database while it drains.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// Writing a message fails when the service has ended. The server must stop then.
process.stdout.on('error', () => {
  stop.abort();
});
process.stderr.on('error', () => undefined);
process.umask(0o077);

const input = createInterface({ input: process.stdin });
const order = new Promise<SupervisorOrder | undefined>((resolve) => {
  input.once('line', (line) => {
    resolve(JSON.parse(line) as SupervisorOrder);
  });
  input.once('close', () => {
    stop.abort();
    resolve(undefined);
  });
});

try {
  const binaries = await findBinaries();
  if (process.geteuid?.() === 0) throw new Error('PostgreSQL refuses to run as root.');
  accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  accessSync(passwordFile, constants.R_OK);
  say({ type: 'hello' });
  const { port } = (await order) ?? {};
  await keepServer({ dataDir, passwordFile, binaries, port, stop: stop.signal, say });
} catch (error) {
  say({ type: 'failed', message: describeError(error) });
  process.exitCode = 1;
}
// An open pipe would keep this process alive.
process.stdin.destroy();

function say(message: SupervisorMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
