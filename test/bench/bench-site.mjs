/* global fetch */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgres } from '#database';
import pg from 'pg';
import { cpuSecondsOf, familyOf, machineCpuSeconds, memoryOf } from './process-usage.mjs';

const ROOT = resolve(import.meta.dirname, '..', '..');
const SERVICE = join(ROOT, 'dist', 'apps', 'skill-service', 'src', 'main.js');
const ADMIN_SECRET = 'an-admin-secret-for-the-benchmark';
const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/** The built service as one process, on a PostgreSQL and (if asked for) a Redis of its own, all on the loopback. */
export class BenchSite {
  #folder = mkdtempSync(join(tmpdir(), 'ooder-bench-'));
  #children = [];
  #postgres;
  #database;
  #service;
  #redis;

  /** `core`: the one that the service is pinned to, if any; `env`: of the service; `profile`: a folder for a CPU profile of it. */
  static async start(options) {
    const site = new BenchSite();
    try {
      await site.#start(options);
      return site;
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  async #start({ redis, core, env, profile }) {
    this.#postgres = await EmbeddedPostgres.start({ dataDir: join(this.#folder, 'database'), log: () => undefined });
    this.#database = new pg.Client({ connectionString: this.#postgres.url });
    await this.#database.connect();
    const redisUrl = redis ? await this.#startRedis() : undefined;
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    const pin = core === undefined ? [] : ['taskset', '-c', String(core)];
    const flags = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profile)];
    this.#service = this.#spawn([...pin, process.execPath, ...flags, SERVICE], {
      PATH: process.env.PATH,
      APP_HOST: '127.0.0.1',
      APP_PORT: String(this.port),
      DATA_DIR: join(this.#folder, 'service'),
      DATABASE_URL: this.#postgres.url,
      SECURITY_ADMIN_CLIENT_SECRET: ADMIN_SECRET,
      AI_BRIDGE_REGISTRY_URL: '',
      RATE_LIMIT_READS: '0',
      RATE_LIMIT_WRITES: '0',
      ...(redisUrl && { REDIS_URL: redisUrl }),
      ...env,
    });
    await answering(this.#service, async () => (await fetch(`${this.url}/readyz`)).ok);
    const credentials = { grant_type: 'client_credentials', client_id: 'admin', client_secret: ADMIN_SECRET };
    this.token = (await this.#send('auth/token', credentials)).access_token;
  }

  async #startRedis() {
    const port = await freePort();
    const settings = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.#folder];
    this.#redis = this.#spawn(['redis-server', ...settings.map(String)], process.env);
    await answering(this.#redis, () => accepts(port));
    return `redis://127.0.0.1:${port}/0`;
  }

  #spawn([file, ...args], env) {
    const child = spawn(file, args, { env, cwd: this.#folder, stdio: ['ignore', 'ignore', 'inherit'] });
    this.#children.push(child);
    return child;
  }

  /** A call of the protocol style. @throws Error unless it is answered with success. */
  async post(path, body) {
    return (await this.call(path, body)).data;
  }

  /** @throws Error unless it is answered with success. */
  call(path, body, method = 'POST') {
    return this.#send(path, body, { authorization: `Bearer ${this.token}` }, method);
  }

  async #send(path, body, headers = {}, method = 'POST') {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** The rows of a query. */
  async query(text) {
    return (await this.#database.query(text)).rows;
  }

  /** Samples of /metrics by name and labels. The delay of the event loop is that since the last call. */
  async metrics() {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const split = (line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))];
    return new Map(lines.map(split));
  }

  /** Seconds of CPU used so far; `machine`: by all programs there are. */
  cpu() {
    return { ...this.#eachOf(cpuSecondsOf), machine: machineCpuSeconds() };
  }

  /** Bytes of resident memory. */
  memory() {
    return this.#eachOf(memoryOf);
  }

  #eachOf(measure) {
    const cluster = join(this.#folder, 'database', 'postgres');
    const postmaster = parseInt(readFileSync(join(cluster, 'postmaster.pid'), 'utf8'), 10);
    return {
      service: measure([this.#service.pid]),
      postgres: measure(familyOf(postmaster)),
      redis: this.#redis ? measure([this.#redis.pid]) : 0,
    };
  }

  async stop() {
    await this.#database?.end().catch(() => undefined);
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      // A profile is written at the end.
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(timer);
    }
    await this.#postgres?.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

async function answering(child, ask) {
  const end = performance.now() + START_WITHIN_MS;
  while (!(await ask().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${child.spawnfile} ended`);
    if (performance.now() > end) throw new Error(`${child.spawnfile} does not answer`);
    await delay(50);
  }
}
