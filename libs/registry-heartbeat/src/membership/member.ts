import { setTimeout as delay } from 'node:timers/promises';
import type { AppSettings } from '#config';
import type { LeaderElection } from '#database';
import { BackOff } from './back-off.js';
import { concurrently } from './concurrently.js';
import { type LocalSkillsRepository, REGISTRY_KEY } from './local-skills.repository.js';
import { MembershipLog } from './membership-log.js';
import { CircularMembershipError, type MembershipState, NameTakenError } from './membership-state.js';
import type { MembershipMetrics } from './membership.metrics.js';
import { Mirror } from './mirror.js';
import type { BeatStatus, Registration } from './upstream-answers.js';
import type { LeavingEndpoint, UpstreamClient } from './upstream-client.js';
import { UpstreamError } from './upstream-http.js';

export type Election = Pick<LeaderElection, 'isLeader' | 'isLastReplica'>;
export type OwnSkills = Pick<LocalSkillsRepository, 'page' | 'find' | 'holdsRegistration'>;

/** Milliseconds between two checks whether this replica leads. */
const STANDBY_MS = 500;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
const SHORTEST_INTERVAL_MS = 1_000;
/** Heartbeats are early by at most this part of the interval, and never late. */
const JITTER = 0.1;
/** Milliseconds for unregistering at shutdown. What is not unregistered by then ends with its lease. */
const LEAVE_MS = 2_000;
const UNREGISTER_AT_ONCE = 10;

/** This service as a member of an upstream registry (protocol.md section 5): its state and its rounds of heartbeats. */
export class Member {
  private readonly log: MembershipLog;
  private readonly backOff: BackOff;
  private readonly mirror: Mirror;
  private current: MembershipState = 'standby';
  private fault = '';
  private self: Registration | undefined;
  /** The URL that `self` was registered with. */
  private publicUrl = '';
  private stopped = false;

  constructor(
    private readonly app: Pick<AppSettings, 'name' | 'version'>,
    private readonly client: UpstreamClient,
    private readonly skills: OwnSkills,
    private readonly election: Election,
    private readonly metrics: MembershipMetrics,
    /** Milliseconds. */
    private readonly interval: number,
  ) {
    this.log = new MembershipLog(client.registry, `${app.name} ${app.version}`);
    this.mirror = new Mirror(client, skills, metrics, interval);
    this.backOff = new BackOff(Math.min(interval, FIRST_RETRY_MS), Math.max(interval, LONGEST_RETRY_MS));
  }

  get state(): MembershipState {
    return this.current;
  }

  /** Why the upstream registry is unreachable, without confidential data. */
  get publicReason(): string {
    return this.fault;
  }

  get mirroredSkills(): number {
    return this.mirror.upstreamIds.length;
  }

  /**
   * Does one round. Call it again only after it has returned. Returns the milliseconds until the next round; undefined if
   * there is none. Never rejects.
   */
  async beat(publicUrl: string): Promise<number | undefined> {
    if (!this.election.isLeader) return this.standBy();
    if (this.current === 'standby') this.current = 'connecting';
    const began = performance.now();
    try {
      await this.beatItself(publicUrl);
      await this.mirror.sync(publicUrl, () => this.isActing);
    } catch (error) {
      return this.failed(error);
    }
    this.backOff.reset();
    this.log.registered(this.current, publicUrl);
    this.current = 'registered';
    return this.pauseAfter(performance.now() - began);
  }

  /** Makes a round in progress send no further request. */
  stop(): void {
    this.stopped = true;
  }

  /**
   * Unregisters this service and its Skills if no other replica can continue as the member. Call it after `stop`. Takes 2 s
   * at most and never rejects.
   */
  async leave(): Promise<void> {
    const ids = this.mirror.upstreamIds;
    if (!this.election.isLeader || (!this.self && ids.length === 0)) return;
    const end = performance.now() + LEAVE_MS;
    const leaving = this.unregisterAll(ids, end).catch((error: unknown) => {
      this.log.notUnregistered(error);
    });
    await Promise.race([leaving, delay(LEAVE_MS, undefined, { ref: false })]);
  }

  /** Rounds start one interval apart: the shorter one of the setting and what the upstream registry asks for. */
  private pauseAfter(elapsed: number): number {
    const asked = Math.max(SHORTEST_INTERVAL_MS, this.self?.interval ?? this.interval);
    const interval = Math.min(this.interval, asked);
    return Math.max(interval * JITTER, interval * (1 - JITTER * Math.random()) - elapsed);
  }

  private get isActing(): boolean {
    return !this.stopped && this.election.isLeader;
  }

  private async unregisterAll(skillIds: readonly string[], end: number): Promise<void> {
    if (!(await this.election.isLastReplica())) return;
    const { self } = this;
    const leaving = [
      ...(self ? [{ skillId: self.skillId, endpoint: this.toEndpoint(self) }] : []),
      ...skillIds.map((skillId) => ({ skillId, endpoint: undefined })),
    ];
    await concurrently(leaving, UNREGISTER_AT_ONCE, async ({ skillId, endpoint }) => {
      const left = end - performance.now();
      if (left <= 0) return;
      await this.client.unregister(skillId, left, endpoint).catch((error: unknown) => {
        this.log.notUnregistered(error);
      });
    });
  }

  /** Other members with the same name and version are endpoints of the same registration, and stay. */
  private toEndpoint({ generation }: Registration): LeavingEndpoint {
    return { endpoint_url: this.publicUrl, ...(generation !== undefined && { generation }) };
  }

  private standBy(): number {
    if (this.current !== 'standby') {
      this.current = 'standby';
      this.self = undefined;
      this.mirror.clear();
      this.backOff.reset();
      this.log.handOver();
    }
    return STANDBY_MS;
  }

  private async beatItself(publicUrl: string): Promise<void> {
    if (this.self && (await this.renew(this.self, publicUrl)) === 'ok') return;
    // The upstream registry does not know the registration, or a former leader has registered after this replica.
    this.self = undefined;
    const registration = await this.client.register({
      name: this.app.name,
      version: this.app.version,
      description: 'A registry of Skills',
      endpoints: [{ url: publicUrl }],
      metadata: { [REGISTRY_KEY]: publicUrl },
    });
    if (registration === 'taken') throw new NameTakenError();
    if (await this.skills.holdsRegistration(registration.skillId, publicUrl)) {
      throw new CircularMembershipError(registration.skillId);
    }
    this.self = registration;
    this.publicUrl = publicUrl;
  }

  private async renew({ skillId, generation }: Registration, endpoint_url: string): Promise<BeatStatus> {
    try {
      const status = await this.client.beat(skillId, { endpoint_url, generation, health: 'healthy' });
      this.metrics.count(status);
      return status;
    } catch (error) {
      this.metrics.count('failed');
      throw error;
    }
  }

  private async failed(error: unknown): Promise<number | undefined> {
    if (error instanceof CircularMembershipError) {
      this.current = 'circular';
      this.log.circular();
      await this.client.unregister(error.skillId).catch((reason: unknown) => {
        this.log.notUnregistered(reason);
      });
      return undefined;
    }
    if (error instanceof UpstreamError) {
      this.current = 'unreachable';
      this.fault = error.publicReason;
      this.log.unreachable(error.message);
      return this.backOff.next(error.retryAfter);
    }
    if (error instanceof NameTakenError) {
      this.current = 'rejected';
      this.log.rejected();
    } else {
      this.log.localFault(error);
    }
    return this.backOff.next();
  }
}
