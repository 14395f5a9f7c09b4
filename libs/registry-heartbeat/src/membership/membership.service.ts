import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type AiBridgeSettings, aiBridgeSettings, type AppSettings, appSettings, findPublicUrl } from '#config';
import { LeaderElection } from '#database';
import { SettingsClient } from '#outbound';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { Server as TlsServer } from 'node:tls';
import { LocalSkillsRepository } from './local-skills.repository.js';
import { Member } from './member.js';
import type { MembershipState } from './membership-state.js';
import { MembershipMetrics } from './membership.metrics.js';
import { UpstreamClient } from './upstream-client.js';
import { UpstreamCredentials } from './upstream-credentials.js';
import { UpstreamHttp } from './upstream-http.js';
import { upstreamUrls } from './upstream-urls.js';

const JOB = 'membership';
/** Milliseconds between two checks whether the service listens. */
const LISTENING_MS = 100;
/** Time-out of one call; shorter for short intervals, because a call must not last for many of them. */
const LONGEST_CALL_MS = 5_000;
const SHORTEST_CALL_MS = 1_000;
/** Milliseconds that a round in progress gets to end at shutdown. */
const SETTLE_MS = 1_000;

/** Schedules the rounds of the membership in the upstream registry while the service runs. */
@Injectable()
export class MembershipService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly member: Member | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    @Inject(appSettings.KEY) private readonly app: AppSettings,
    @Inject(aiBridgeSettings.KEY) settings: AiBridgeSettings,
    election: LeaderElection,
    skills: LocalSkillsRepository,
    metrics: MembershipMetrics,
    private readonly scheduler: SchedulerRegistry,
    private readonly host: HttpAdapterHost,
    calls: SettingsClient,
  ) {
    const interval = settings.heartbeatInterval * 1000;
    const client = createClient(settings, interval, calls);
    if (client) this.member = new Member(app, client, skills, election, metrics, interval);
  }

  get state(): MembershipState {
    return this.member?.state ?? 'off';
  }

  /** Why the upstream registry is unreachable, without confidential data. */
  get publicReason(): string {
    return this.member?.publicReason ?? '';
  }

  /** Number of Skills that this replica has registered with the upstream registry. */
  get mirroredSkills(): number {
    return this.member?.mirroredSkills ?? 0;
  }

  onApplicationBootstrap(): void {
    if (this.member) this.schedule(this.member, 0);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.unschedule();
    this.member?.stop();
    await Promise.race([this.running, delay(SETTLE_MS, undefined, { ref: false })]);
    await this.member?.leave();
  }

  private schedule(member: Member, ms: number): void {
    if (this.stopped) return;
    const tick = (): void => {
      this.unschedule();
      this.running = this.run(member);
    };
    this.scheduler.addTimeout(JOB, setTimeout(tick, ms));
  }

  private unschedule(): void {
    if (this.scheduler.doesExist('timeout', JOB)) this.scheduler.deleteTimeout(JOB);
  }

  private async run(member: Member): Promise<void> {
    const server = this.host.httpAdapter.getHttpServer() as Server;
    const scheme = server instanceof TlsServer ? 'https' : 'http';
    const publicUrl = findPublicUrl(this.app, server.address(), scheme, hostname());
    const pause = publicUrl === undefined ? LISTENING_MS : await member.beat(publicUrl);
    if (pause !== undefined) this.schedule(member, pause);
  }
}

/** Returns undefined if no upstream registry is set. */
function createClient(settings: AiBridgeSettings, interval: number, calls: SettingsClient): UpstreamClient | undefined {
  if (settings.registryUrl === '' || settings.isOffByDefault) return undefined;
  if (!URL.canParse(settings.registryUrl)) {
    // Only the membership needs it, so the service starts.
    new Logger('membership').error('AI_BRIDGE_REGISTRY_URL is not a URL: this service is not a member of any registry');
    return undefined;
  }
  const urls = upstreamUrls(settings.registryUrl);
  const http = new UpstreamHttp(Math.min(LONGEST_CALL_MS, Math.max(SHORTEST_CALL_MS, interval)), calls);
  return new UpstreamClient(urls, new UpstreamCredentials(settings, urls.token, http), http);
}
