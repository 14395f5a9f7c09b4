import { SchedulerRegistry } from '@nestjs/schedule';
import { HeartbeatJournal } from '../../libs/registry-heartbeat/src/heartbeats/heartbeat-journal.js';
import { LeaseStore } from '../../libs/registry-heartbeat/src/leases/lease-store.js';
import { LeaseSweeper } from '../../libs/registry-heartbeat/src/sweeper/lease-sweeper.js';
import { type Api, apiOf } from '../e2e/api.js';
import { FakeClock } from './fake-clock.js';
import type { LeaseStoreKind } from './lease-stores.js';
import { type RedisServer, startRedisServer } from './redis-server.js';
import { skillBody } from './skill.factory.js';
import { startTestApp, type TestApp } from './test-app.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';
import { until } from './until.js';

/** Seconds between heartbeats; a lease is three of them. */
export const INTERVAL = 10;
export const LEASE = 3 * INTERVAL;
/** Seconds between sweeps of such an interval. */
const TICK = 1;

/** An endpoint that beats: a Skill of its own. */
export interface LeaseMember {
  readonly skillId: string;
  readonly url: string;
  alive: boolean;
}

export interface LeaseWorldOptions {
  /** Gives the URL by which the services reach PostgreSQL. */
  route?: (databaseUrl: string) => Promise<string>;
}

const realNow = performance.now.bind(performance);
const realDate = Date.now.bind(Date);

/**
 * A registry in this process whose time passes as a test says: the clocks of the process and of Redis, and the age of
 * what PostgreSQL has heard. Its members beat every interval, and its leader sweeps every second of that time.
 */
export class LeaseWorld {
  readonly replicas: TestApp[] = [];
  readonly members: LeaseMember[] = [];
  /** Heartbeats that were not answered with ok. */
  readonly refusals: unknown[] = [];
  /** Undefined with leases in-process. */
  redis: RedisServer | undefined;
  /** Members that beat to another replica than the first. */
  readonly routes = new Map<LeaseMember, TestApp>();
  private readonly clock = new FakeClock();
  /** Seconds that have passed on top of the real ones. */
  private passed = 0;
  /** Seconds by which somebody has set the wall clock. */
  private step = 0;

  private constructor(
    readonly kind: LeaseStoreKind,
    readonly database: TestDatabase,
    private readonly databaseUrl: string,
  ) {}

  static async start(kind: LeaseStoreKind, options: LeaseWorldOptions = {}): Promise<LeaseWorld> {
    const database = await createTestDatabase();
    const world = new LeaseWorld(kind, database, (await options.route?.(database.url)) ?? database.url);
    if (kind === 'redis') await world.startRedis();
    await world.startReplica();
    return world;
  }

  get first(): TestApp {
    const [first] = this.replicas;
    if (first === undefined) throw new Error('No replica is left');
    return first;
  }

  get api(): Api {
    return apiOf(this.first);
  }

  get store(): LeaseStore {
    return this.first.app.get(LeaseStore);
  }

  /** On the port of the one before, if there was one. */
  async startRedis(): Promise<void> {
    this.redis = await startRedisServer({ port: this.redis?.port, env: this.clock.env });
  }

  /** After an outage: connections come back in the time of the machine. */
  async untilStoresAnswer(): Promise<void> {
    for (const { app } of this.replicas) {
      const answers = () =>
        app
          .get(LeaseStore)
          .state()
          .then(() => true);
      await until(() => answers().catch(() => false));
    }
  }

  async startReplica(env: Record<string, string> = {}): Promise<TestApp> {
    const replica = await startTestApp({
      database: { ...this.database, url: this.databaseUrl },
      env: {
        AI_BRIDGE_HEARTBEAT_INTERVAL: String(INTERVAL),
        // Tokens live by the wall clock too: these bear the steps.
        SECURITY_JWT_EXPIRY: String(86_400),
        DATABASE_CONNECT_TIMEOUT: '500',
        DATABASE_STATEMENT_TIMEOUT: '1000',
        ...(this.redis && { REDIS_URL: this.redis.url }),
        ...env,
      },
    });
    // Time passes by `pass` alone.
    for (const job of ['lease-sweeper', 'heartbeat-journal']) replica.app.get(SchedulerRegistry).deleteInterval(job);
    this.replicas.push(replica);
    return replica;
  }

  /** Leaves the database and Redis as they are. */
  async stopReplica(replica: TestApp): Promise<void> {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
    await replica.close();
  }

  async register(count: number): Promise<LeaseMember[]> {
    const skills = Array.from({ length: count }, () => skillBody());
    const { body } = await this.api.post('/skills/batch', { skills }).expect(200);
    const results = body.data.results as { skill_id: string }[];
    const members = results.map(({ skill_id }, index) => ({
      skillId: skill_id,
      url: skills[index]?.endpoints[0]?.url ?? '',
      alive: true,
    }));
    this.members.push(...members);
    return members;
  }

  /** So many of the living fall silent. */
  kill(count: number): LeaseMember[] {
    const killed = this.members.filter(({ alive }) => alive).slice(0, count);
    for (const member of killed) member.alive = false;
    return killed;
  }

  /** Seconds in which members beat and the registry sweeps. */
  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += TICK) {
      await this.skip(TICK);
      if (this.passed % INTERVAL === 0) await this.beat();
      for (const { app } of this.replicas) {
        await app.get(HeartbeatJournal).flush();
        await app.get(LeaseSweeper).tick();
      }
    }
  }

  /** Until that holds; returns how many seconds it took. @throws Error after `within` seconds */
  async passUntil(holds: () => Promise<boolean>, within: number): Promise<number> {
    for (let second = 0; second < within; second += TICK) {
      if (await holds()) return second;
      await this.pass(TICK);
    }
    if (await holds()) return within;
    throw new Error(`It did not come about within ${within} s`);
  }

  /** Seconds in which the registry and its members do nothing. */
  async skip(seconds: number): Promise<void> {
    this.passed += seconds;
    this.setClocks();
    await this.database.query(
      `UPDATE endpoint_leases SET last_heartbeat = last_heartbeat - $1 * interval '1 second',
         expired_at = expired_at - $1 * interval '1 second'`,
      [seconds],
    );
  }

  /** Somebody sets the wall clock of Redis, or that of the process. */
  setWallClock(seconds: number): void {
    this.step = seconds;
    this.setClocks();
  }

  /** All of the living beat once. */
  async beat(): Promise<void> {
    for (const replica of this.replicas) {
      const members = this.members.filter(
        (member) => member.alive && (this.routes.get(member) ?? this.first) === replica,
      );
      const heartbeats = members.map(({ skillId, url }) => ({ skill_id: skillId, endpoint_url: url }));
      if (heartbeats.length === 0) continue;
      const { status, body } = await apiOf(replica).post('/heartbeats', { heartbeats });
      const results = ((body.data as { results?: unknown } | undefined)?.results ?? []) as { status: string }[];
      if (status !== 200) this.refusals.push({ status, body });
      this.refusals.push(...results.filter((result) => result.status !== 'ok'));
    }
  }

  /** Endpoints whose leases have ended at any time, as the history has it. */
  async ended(): Promise<string[]> {
    const rows = await this.database.query<{ url: string }>(
      `SELECT DISTINCT endpoint_url AS url FROM skill_events WHERE event = 'endpoint_unhealthy'`,
    );
    return rows.map(({ url }) => url).toSorted();
  }

  /** The leases of all that are dead end within this time, and none of a member that lives ever did. Returns how long it took. */
  async expectOnlyDeadGone(within: number): Promise<number> {
    const dead = this.members.filter(({ alive }) => !alive);
    const took = await this.passUntil(async () => (await this.ended()).length >= dead.length, within);
    expect(await this.ended()).toEqual(dead.map(({ url }) => url).toSorted());
    for (const replica of this.replicas) {
      const found = await apiOf(replica).get('/skills/discover?page_size=1').expect(200);
      expect(found.body.data.total).toBe(this.members.length - dead.length);
    }
    expect(this.refusals).toEqual([]);
    return took;
  }

  async metric(name: string, { http }: TestApp = this.first): Promise<number> {
    const { text } = await http.get('/metrics');
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async close(): Promise<void> {
    for (const replica of this.replicas.splice(0)) await replica.close();
    performance.now = realNow;
    Date.now = realDate;
    await this.database.drop();
    await this.redis?.stop();
    this.clock.remove();
  }

  private setClocks(): void {
    performance.now = () => realNow() + this.passed * 1000;
    if (this.kind === 'redis') this.clock.set(this.passed + this.step);
    else Date.now = () => realDate() + this.step * 1000;
  }
}
