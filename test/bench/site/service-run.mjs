/* global fetch */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { pinned } from './placement.mjs';
import { freePort } from '../../../scripts/free-port.mjs';
import { answering, stopped } from './processes.mjs';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const SERVICE = join(ROOT, 'dist', 'apps', 'skill-service', 'src', 'main.js');
const PROFILE_HOOK = pathToFileURL(join(import.meta.dirname, 'profile-hook.mjs')).href;
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
// The options of `npm start`.
const FLAGS = scripts.start.split(' ').filter((word) => word.startsWith('--'));
const ADMIN_SECRET = 'an-admin-secret-for-the-benchmark';

/** One run of the built service: a process, from start to stop. Its output goes to /dev/null. */
export class ServiceRun {
  #child;

  /** `core`: its core, if it is pinned; `env`: its settings, in addition to those that every run needs. */
  static async start({ core, cwd, env, databaseUrl, redisUrl }) {
    const run = new ServiceRun();
    run.port = await freePort();
    run.url = `http://127.0.0.1:${run.port}`;
    const began = performance.now();
    const [file, ...args] = pinned(core, [process.execPath, ...FLAGS, '--import', PROFILE_HOOK, SERVICE]);
    run.#child = spawn(file, args, {
      cwd,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {
        PATH: process.env.PATH,
        APP_HOST: '127.0.0.1',
        APP_PORT: String(run.port),
        DATA_DIR: join(cwd, 'service'),
        DATABASE_URL: databaseUrl,
        SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET,
        AI_BRIDGE_REGISTRY_URL: '',
        RATE_LIMIT_READS: '0',
        RATE_LIMIT_WRITES: '0',
        ...(redisUrl && { REDIS_URL: redisUrl }),
        ...env,
      },
    });
    try {
      await answering(run.#child, async () => (await fetch(`${run.url}/readyz`)).ok);
      run.readyAfterMs = performance.now() - began;
      const credentials = { grant_type: 'client_credentials', client_id: 'admin', client_secret: ADMIN_SECRET };
      /** Access token of the admin client. */
      run.token = (await run.#send('auth/token', credentials)).access_token;
    } catch (error) {
      await run.stop();
      throw error;
    }
    return run;
  }

  get pid() {
    return this.#child.pid;
  }

  /** @throws Error if the answer is no success. */
  call(path, body, method = 'POST') {
    return this.#send(path, body, { authorization: `Bearer ${this.token}` }, method);
  }

  async #send(path, body, headers = {}, method = 'POST') {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Returns the samples of /metrics by name and labels. The event-loop lag is measured since the last call. */
  async metrics() {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const split = (line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))];
    return new Map(lines.map(split));
  }

  /** Runs `work` and returns its result. Writes a CPU profile of the service to `file`, if there is one. */
  async profiled(file, work) {
    if (file === undefined) return work();
    await this.#tell({ profile: 'start' });
    try {
      return await work();
    } finally {
      await this.#tell({ profile: 'stop', file: resolve(file) });
    }
  }

  async #tell(message) {
    this.#child.send(message);
    const [{ fault }] = await once(this.#child, 'message');
    if (fault !== undefined) throw new Error(`no CPU profile: ${fault}`);
  }

  stop() {
    return stopped(this.#child);
  }
}
