import { setTimeout as delay } from 'node:timers/promises';
import { type RedisServer, startRedisServer } from './redis-server.js';
import { endServices, newFolder, type ServiceProcess, startService } from './service-process.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';
import { endedUrls, untilUnhealthy, urlsOf } from './lease-watch.js';
import { type Member, Members, type MembersOptions } from './members.js';
import { adminToken, call } from './service-api.js';

/** Of these registries, unless they have another interval: three of a second. */
export const LEASE_MS = 3_000;
/** The sweeper may be late by a tick, and the machine busy: what goes wrong has gone wrong by then. */
export const AIR_MS = 1_000;

export interface LeaseSiteOptions {
  members: MembersOptions;
  /** 1 unless set. */
  replicas?: number;
  /** On top of the environment of the Redis server; `none`: leases in-process. */
  redis?: Record<string, string> | 'none';
  /** On top of what makes a site in the environment of the services. */
  env?: Record<string, string>;
  /** Seconds between heartbeats, 1 unless set. That of the members is theirs. */
  interval?: number;
  /** Instead of a new one on the server of all tests; dropped with the site. */
  database?: TestDatabase;
  /** Gives the URL by which the services reach PostgreSQL. */
  route?: (databaseUrl: string) => Promise<string>;
}

/** A registry on a heartbeat interval of a second, with its servers, and members that beat over all of its replicas. */
export class LeaseSite {
  private constructor(
    readonly database: TestDatabase,
    /** Undefined with leases in-process; another may take its place on its port. */
    public redis: RedisServer | undefined,
    private serving: readonly ServiceProcess[],
    readonly members: Members,
    readonly token: string,
    private readonly serviceOptions: { cwd: string; env: Record<string, string> },
  ) {}

  static async start(options: LeaseSiteOptions): Promise<LeaseSite> {
    const database = options.database ?? (await createTestDatabase());
    const redis = options.redis === 'none' ? undefined : await startRedisServer({ env: options.redis });
    const env = {
      DATABASE_URL: (await options.route?.(database.url)) ?? database.url,
      AI_BRIDGE_HEARTBEAT_INTERVAL: String(options.interval ?? 1),
      ...(redis && { REDIS_URL: redis.url }),
      ...options.env,
    };
    // Replicas share their secrets.
    const service = { cwd: newFolder(), env };
    const replicas = await Promise.all(Array.from({ length: options.replicas ?? 1 }, () => startService(service)));
    const [first] = replicas;
    const token = await adminToken(first?.url ?? '', first?.adminSecret ?? '');
    const members = new Members(
      replicas.map(({ url }) => url),
      token,
      options.members,
    );
    await members.start();
    return new LeaseSite(database, redis, replicas, members, token, service);
  }

  get replicas(): readonly ServiceProcess[] {
    return this.serving;
  }

  /** The members beat to these from now on. */
  set replicas(replicas: readonly ServiceProcess[]) {
    this.serving = replicas;
    this.members.registries = replicas.map(({ url }) => url);
  }

  /** The first of them, where there is but one. */
  get service(): ServiceProcess {
    const [service] = this.serving;
    if (service === undefined) throw new Error('No replica is left');
    return service;
  }

  startReplica(env: Record<string, string> = {}): Promise<ServiceProcess> {
    return startService({ ...this.serviceOptions, env: { ...this.serviceOptions.env, ...env } });
  }

  /** Checks that these last dead members are found in time, and that no living member was ever evicted. */
  async expectOnlyDeadGone(killed: readonly Member[], withinMs: number): Promise<void> {
    await untilUnhealthy(this.database, killed, withinMs);
    await delay(AIR_MS);
    expect(await endedUrls(this.database)).toEqual(urlsOf(this.members.dead));
    for (const { url } of this.serving) {
      const found = await call(`${url}/api/v1/skills/discover?page_size=1`, { token: this.token });
      expect(found).toMatchObject({ status: 200, body: { data: { total: this.members.living.length } } });
    }
  }

  /** Ends the services of every site. */
  async close(): Promise<void> {
    await this.members.stop();
    await endServices();
    await Promise.all([this.database.drop(), this.redis?.stop()]);
  }
}
