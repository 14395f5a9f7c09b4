import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchSite } from './site/bench-site.mjs';
import { Etcd, etcdVersion } from './baseline/etcd.mjs';
import { LoadGenerator } from './load/load-generator.mjs';
import { leaveServerCore } from './site/placement.mjs';
import { seed } from './seed.mjs';
import { limited } from './report/statistics.mjs';

const BATCH_AT_LEAST = 10_000;
/** The longest interval: leases of Skills without heartbeats must not end during a row. */
const CALM_INTERVAL_S = 3600;
const LEASES_WITHIN_MS = 90_000;
const FULL_SIZE = 100_000;
const LOOK_EVERY_MS = 250;
const UNLIMITED = '1000000000';
/** Signs the tokens (HS256). */
export const JWT_SECRET = 'a-secret-of-the-benchmark-that-is-long-enough';
/** As in production. Rate limits are on, and so high that they are never reached. */
const ENV = {
  NODE_ENV: 'production',
  SECURITY_JWT_SECRET: JWT_SECRET,
  RATE_LIMIT_READS: UNLIMITED,
  RATE_LIMIT_WRITES: UNLIMITED,
  RATE_LIMIT_TOKEN: UNLIMITED,
  OUTBOUND_ALLOWED_CIDRS: '127.0.0.0/8',
};

/** The servers and settings of a run, and the rows that were measured. */
export class BenchRun {
  lines = [];
  generator = new LoadGenerator();
  /** Ids of the Skills in the large registry. */
  ids = [];
  #profiles;

  constructor(terms, profiles) {
    this.terms = terms;
    this.#profiles = profiles;
  }

  /**
   * Starts the servers and seeds both registries. Seeding is a row of its own. PostgreSQL does most of its work, so it may
   * use all cores, as everything else. After that every program is pinned.
   */
  async start() {
    const options = { redis: true, env: envWith(CALM_INTERVAL_S) };
    this.site = await BenchSite.start(options);
    await this.site.makeLogFiles();
    this.small = await BenchSite.start(options);
    const { large, small, stretches } = this.terms;
    await seed(this.small, small, 1);
    await this.row('batch register', async () => {
      const { ids, rates } = await this.profiled('batch register', () => seed(this.site, large, stretches));
      this.ids = ids;
      const limit = { atLeast: BATCH_AT_LEAST };
      return [limited({ name: 'batch register, 1,000 a request', unit: 'Skills/s', values: rates, limit })];
    });
    leaveServerCore();
    for (const site of [this.site, this.small]) site.place();
    if (etcdVersion() !== undefined) this.etcd = await Etcd.start();
    if (this.ids.length === 0) throw new Error('nothing to measure: the Skills were not registered');
  }

  get service() {
    return this.site.service;
  }

  /** Adds the lines that `measure` returns, or one line that says why there are none. */
  async row(name, measure) {
    try {
      this.lines.push(...(await measure()));
      console.error(`${name}: done`);
    } catch (error) {
      this.lines.push({ name, fault: String(error.message) });
      console.error(`${name}: ${error.stack}`);
    }
  }

  /** A quick run has a smaller registry, for which the targets do not apply. */
  atFullSize(limit) {
    return this.terms.large >= FULL_SIZE ? limit : undefined;
  }

  get hasFailed() {
    return this.lines.some(({ fault }) => fault !== undefined);
  }

  profiled(name, work) {
    const file = this.#profiles && join(this.#profiles, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.cpuprofile`);
    return this.service.profiled(file, work);
  }

  /** Starts the service again, with leases in `store`; `fresh`: Redis is empty. */
  restart(store, { intervalS = CALM_INTERVAL_S, fresh = false }) {
    return this.site.restart({ redis: store === 'Redis', env: envWith(intervalS), fresh });
  }

  /** Waits until the lease store of a new run has every lease from PostgreSQL. Returns the seconds. */
  async leasesKnown() {
    const began = performance.now();
    for (;;) {
      const known = (await this.site.metrics()).get('registry_leases{health="healthy"}') ?? 0;
      if (known >= this.ids.length) return (performance.now() - began) / 1000;
      if (performance.now() - began > LEASES_WITHIN_MS) throw new Error(`only ${known} leases were taken over`);
      await delay(LOOK_EVERY_MS);
    }
  }

  async stopSmall() {
    await this.small?.stop();
    this.small = undefined;
  }

  async stop() {
    await this.generator.stop();
    await this.etcd?.stop();
    await this.stopSmall();
    await this.site?.stop();
  }
}

function envWith(intervalS) {
  return { ...ENV, AI_BRIDGE_HEARTBEAT_INTERVAL: String(intervalS) };
}
