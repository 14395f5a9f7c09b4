import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Balancer } from '../../support/balancer.js';
import { LeaseSite, type LeaseSiteOptions } from '../../support/lease-site.js';
import type { Member } from '../../support/members.js';
import type { RedisServer } from '../../support/redis-server.js';
import { untilReady } from '../../support/service-api.js';
import { runService, type ServiceProcess } from '../../support/service-process.js';
import { until } from '../../support/until.js';
import { checkHeartbeats } from '../history/heartbeat-check.js';
import { checkHistory } from '../history/history-check.js';
import type { SkillRecord } from '../history/skill-record.js';
import { Traffic } from '../history/traffic.js';
import { Client } from '../load/client.js';
import { Reader } from '../load/reader.js';
import { Writer } from '../load/writer.js';
import type { Findings } from '../scenario.js';

/** Seconds between heartbeats, and milliseconds of a lease. */
const INTERVAL_S = 2;
export const LEASE_MS = 3 * INTERVAL_S * 1000;
/** The pause after which a grace period starts, the grace period, a lease, and a reserve for a busy machine. */
const FOUND_WITHIN_MS = 3 * LEASE_MS + 10_000;
/** The service must recover by itself within 60 s (NREQ-006). */
const RECOVERED_WITHIN_MS = 60_000;
/** Milliseconds without a failure after the first success. */
const SETTLED_MS = 2_000;
const MEMBERS = 60;
const FEW = 3;
const WRITERS = 4;
const UNLIMITED = '0';

export type FaultSiteOptions = Partial<Omit<LeaseSiteOptions, 'members' | 'interval'>>;

/** Replicas behind a balancer, with clients that write and read and members that send heartbeats. Everything is recorded. */
export class FaultSite {
  readonly traffic = new Traffic();
  readonly records: SkillRecord[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private writers: Writer[] = [];
  private readers: Reader[] = [];
  private readonly ports: number[];

  private constructor(
    readonly lease: LeaseSite,
    readonly balancer: Balancer,
    private readonly findings: Findings,
  ) {
    this.ports = lease.replicas.map(({ url }) => Number(new URL(url).port));
  }

  /** The scenario closes it. */
  static async start(findings: Findings, options: FaultSiteOptions = {}): Promise<FaultSite> {
    const lease = await LeaseSite.start({
      ...options,
      interval: INTERVAL_S,
      members: { count: MEMBERS, perRequest: 10, interval: INTERVAL_S * 1000 },
      env: {
        RATE_LIMIT_READS: UNLIMITED,
        RATE_LIMIT_WRITES: UNLIMITED,
        SECURITY_JWT_EXPIRY: '86400',
        ...options.env,
      },
    });
    findings.atEnd(() => lease.close());
    const balancer = await Balancer.start(lease.replicas.map(({ url }) => url));
    findings.atEnd(() => balancer.stop());
    const site = new FaultSite(lease, balancer, findings);
    findings.atEnd(() => site.stopLoad());
    site.startLoad();
    // Failures must not come from the start.
    await until(() => site.traffic.hasSuccessSince(0), 30_000);
    await delay(1_000);
    return site;
  }

  get services(): readonly ServiceProcess[] {
    return this.lease.replicas;
  }

  get redis(): RedisServer {
    const { redis } = this.lease;
    if (redis === undefined) throw new Error('There is no Redis');
    return redis;
  }

  /** Milliseconds from then until the last request failed, or the first one succeeded. */
  recoverySince(moment: number): number {
    return this.traffic.recoveryAfter(moment);
  }

  expectNothingFailed(): void {
    const { failed, failures } = this.traffic;
    if (failed > 0) this.findings.violations.add('requests failed', failures);
  }

  /** Checks that no request waited longer for its answer. */
  expectAnsweredWithin(ms: number): void {
    const { slowest } = this.traffic;
    if (slowest > ms) this.findings.violations.add('answered late', `after ${slowest.toFixed(0)} ms`);
    this.findings.figures({ 'slowest answer s': slowest / 1000 });
  }

  clientOf(base: string): Client {
    return new Client(base, this.lease.token, this.agent);
  }

  /** Starts a replica on the port of one that has ended. */
  async replace(service: ServiceProcess): Promise<ServiceProcess> {
    const at = this.services.indexOf(service);
    const next = await this.lease.startReplica({ APP_PORT: String(this.ports[at]) });
    this.lease.replicas = this.services.map((replica) => (replica === service ? next : replica));
    return next;
  }

  /** Waits until a write that starts after now succeeds. Returns the milliseconds since `moment`. */
  async recovered(moment = performance.now()): Promise<number> {
    await until(
      () => this.traffic.hasSuccessSince(moment),
      RECOVERED_WITHIN_MS,
      () => `no write went well: ${this.traffic.failures}`,
    );
    const running = this.services.filter(({ isRunning }) => isRunning);
    await Promise.all(running.map(({ url }) => untilReady(url, RECOVERED_WITHIN_MS)));
    // Failures after the first success are part of the outage.
    await delay(SETTLED_MS);
    const recovery = this.traffic.recoveryAfter(moment);
    if (recovery > RECOVERED_WITHIN_MS) this.findings.violations.add('recovered late', `after ${recovery} ms`);
    return recovery;
  }

  /** Stops more members and the load, and checks the history. `killed`: members that were stopped before. */
  async check(killed: readonly Member[] = []): Promise<void> {
    const { findings, lease, traffic, records } = this;
    const { violations } = findings;
    const foundMs = await checkHeartbeats(lease, [...killed, ...lease.members.kill(FEW)], FOUND_WITHIN_MS, violations);
    await this.stopLoad();
    await checkHistory(
      records,
      lease.database,
      this.services.map(({ url }) => this.clientOf(url)),
      violations,
    );
    await this.checkAuditChain();
    this.checkErrors();
    findings.figures({
      requests: traffic.count,
      acknowledged: records.reduce((sum, record) => sum + record.count('acknowledged'), 0),
      'lost writes': violations.count('lost'),
      'failed requests': traffic.failed,
      'longest outage s': traffic.longestOutage / 1000,
      'reads checked': this.readers.reduce((sum, { checked }) => sum + checked, 0),
      'living evicted': violations.count('alive, and evicted'),
      'dead found s': foundMs / 1000,
    });
    if (traffic.failed > 0) findings.note(`failed: ${traffic.failures}`);
  }

  /** A fault below the service must be answered with 503, never 500. */
  private checkErrors(): void {
    const count = this.traffic.countOf('500');
    if (count === 0) return;
    const errors = this.services.flatMap(({ lines }) => lines.filter(({ level }) => level === 'error'));
    const told = errors.slice(0, 3).map((line) => JSON.stringify(line).slice(0, 2_000));
    this.findings.violations.add('500 instead of 503', `${count} times; ${told.join(' ')}`);
  }

  private startLoad(): void {
    const { records, traffic, balancer, agent, findings } = this;
    const { token } = this.lease;
    this.writers = Array.from(
      { length: WRITERS },
      (_, index) => new Writer(`history-${index}`, new Client(balancer.url, token, agent, traffic), records),
    );
    this.readers = this.services.map(({ url }) => new Reader(this.clientOf(url), records, findings.violations));
  }

  private async stopLoad(): Promise<void> {
    await Promise.all([...this.writers, ...this.readers].map((load) => load.stop()));
  }

  private async checkAuditChain(): Promise<void> {
    const env = { DATABASE_URL: this.lease.database.url };
    const { code, output } = await runService({ program: 'audit-cli.js', args: ['verify'], env });
    if (code !== 0) this.findings.violations.add('audit log', output.trim());
  }
}
