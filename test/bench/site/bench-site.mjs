import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#embedded-postgres';
import pg from 'pg';
import { cpuSecondsOf, familyOf, machineCpuSeconds, memoryOf, residentOf } from './process-usage.mjs';
import { move, placement } from './placement.mjs';
import { freePort } from '../../../scripts/free-port.mjs';
import { accepts, answering, stopped } from './processes.mjs';
import { ServiceRun } from './service-run.mjs';

const LOG_FILE_MB = 16;
/** The number that PostgreSQL keeps with its default max_wal_size of 1 GB. */
const LOG_FILES = 64;
const REDIS_SERVERS = ['redis-server', 'valkey-server'];

/** @throws Error if there is none on the PATH */
function redisServer() {
  const found = REDIS_SERVERS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (found === undefined) throw new Error('No Redis on the PATH; on Debian: apt-get install redis-server');
  return found;
}

/** The built service as one process, with its own PostgreSQL and (optionally) Redis, all on the loopback. */
export class BenchSite {
  #folder = mkdtempSync(join(tmpdir(), 'ooder-bench-'));
  #postgres;
  #database;
  #redis;
  #redisPort;
  #core;
  #service;

  /** `core`: the core of the service, if it is pinned; `env`: its environment. */
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

  async #start({ redis, core, env }) {
    this.#core = core;
    this.#postgres = await EmbeddedPostgres.start({ dataDir: join(this.#folder, 'database'), log: () => undefined });
    this.#database = new pg.Client({ connectionString: this.databaseUrl });
    await this.#database.connect();
    if (redis) await this.#startRedis();
    await this.restart({ redis, env });
  }

  async #startRedis() {
    this.#redisPort = await freePort();
    const network = ['--port', String(this.#redisPort), '--bind', '127.0.0.1'];
    const settings = [...network, '--save', '', '--appendonly', 'no', '--dir', this.#folder];
    this.#redis = spawn(redisServer(), settings, { stdio: ['ignore', 'ignore', 'inherit'] });
    await answering(this.#redis, () => accepts(this.#redisPort));
  }

  /** Starts the service again on the same data, with or without Redis; `fresh`: Redis is emptied first. */
  async restart({ redis, env, fresh = false }) {
    await this.#service?.stop();
    if (fresh) await this.askRedis('FLUSHALL');
    const redisUrl = redis ? `redis://127.0.0.1:${this.#redisPort}/0` : undefined;
    const { databaseUrl } = this;
    this.#service = await ServiceRun.start({ core: this.#core, cwd: this.#folder, env, databaseUrl, redisUrl });
    return this.#service;
  }

  get service() {
    return this.#service;
  }

  get databaseUrl() {
    return this.#postgres.url;
  }

  get port() {
    return this.#service.port;
  }

  get url() {
    return this.#service.url;
  }

  get token() {
    return this.#service.token;
  }

  /** Calls a route in the protocol style. @throws Error if the answer is no success. */
  async post(path, body) {
    return (await this.call(path, body)).data;
  }

  /** @throws Error if the answer is no success. */
  call(path, body, method) {
    return this.#service.call(path, body, method);
  }

  metrics() {
    return this.#service.metrics();
  }

  /** Returns the rows of a query. */
  async query(text, values) {
    return (await this.#database.query(text, values)).rows;
  }

  /** Returns the raw answer to one short Redis command. */
  async askRedis(command) {
    const socket = connect(this.#redisPort, '127.0.0.1');
    try {
      socket.write(`${command}\r\n`);
      const [answer] = await once(socket, 'data');
      return answer.toString();
    } finally {
      socket.destroy();
    }
  }

  /** CPU seconds so far; `machine`: of all programs. */
  cpu() {
    return { ...this.#eachOf(cpuSecondsOf), machine: machineCpuSeconds() };
  }

  /** Bytes of resident memory; shared memory counts once. */
  memory() {
    return this.#eachOf(memoryOf);
  }

  /** Bytes of resident memory of the service, shared memory included. */
  resident() {
    return residentOf(this.#service.pid);
  }

  /** Pins the service to the core of servers, now and at each restart, and moves PostgreSQL and Redis away. */
  place() {
    this.#core = placement.server;
    move([this.#service.pid], placement.server);
    move([...familyOf(this.#postmaster), ...(this.#redis ? [this.#redis.pid] : [])], placement.others);
  }

  /**
   * Makes the WAL files that a server has after some time, and uses again: a new cluster
   * fills each file of the first gigabyte with zeros when it is first needed.
   */
  async makeLogFiles() {
    await this.query(`ALTER SYSTEM SET min_wal_size = '${LOG_FILES * LOG_FILE_MB}MB'`);
    await this.query('SELECT pg_reload_conf()');
    for (let file = 0; file < LOG_FILES; file += 1) {
      await this.query(`SELECT pg_logical_emit_message(false, 'bench', 'a record'), pg_switch_wal()`);
    }
    await this.query('CHECKPOINT');
  }

  get #postmaster() {
    return parseInt(readFileSync(join(this.#folder, 'database', 'postgres', 'postmaster.pid'), 'utf8'), 10);
  }

  #eachOf(measure) {
    return {
      service: measure([this.#service.pid]),
      postgres: measure(familyOf(this.#postmaster)),
      redis: this.#redis ? measure([this.#redis.pid]) : 0,
    };
  }

  async stop() {
    await this.#database?.end().catch(() => undefined);
    await this.#service?.stop();
    await stopped(this.#redis);
    await this.#postgres?.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
