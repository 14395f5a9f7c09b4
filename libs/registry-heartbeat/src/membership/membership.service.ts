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
import { type AiBridgeSettings, aiBridgeSettings, type AppSettings, appSettings } from '#config';
import { LeaderElection } from '#database';
import { SettingsClient } from '#outbound';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import { LocalSkillsRepository } from './local-skills.repository.js';
import { Member } from './member.js';
import type { MembershipState } from './membership-state.js';
import { MembershipMetrics } from './membership.metrics.js';
import { publicUrlOf } from './public-url.js';
import { UpstreamClient } from './upstream-client.js';
import { UpstreamCredentials } from './upstream-credentials.js';
import { UpstreamHttp } from './upstream-http.js';
import { upstreamUrls } from './upstream-urls.js';

const JOB = 'membership';
/** Milliseconds between two looks whether the service listens already. */
const LISTENING_MS = 100;
/** Of one call; shorter with short intervals, for a call must not outlast many of them. */
const LONGEST_CALL_MS = 5_000;
const SHORTEST_CALL_MS = 1_000;
/** Milliseconds that the round under way gets to end at shutdown. */
const SETTLE_MS = 1_000;

/** Runs the membership of this service in its upstream registry from the scheduler, for as long as the service runs. */
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
    const client = clientOf(settings, interval, calls);
    if (client) this.member = new Member(app, client, skills, election, metrics, interval);
  }

  get state(): MembershipState {
    return this.member?.state ?? 'off';
  }

  /** Why it is unreachable, for anybody to read. */
  get publicReason(): string {
    return this.member?.publicReason ?? '';
  }

  /** Skills of this registry that are registered upstream. */
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
    const publicUrl = publicUrlOf(this.app, server.address(), server instanceof TlsServer ? 'https' : 'http');
    const pause = publicUrl === undefined ? LISTENING_MS : await member.beat(publicUrl);
    if (pause !== undefined) this.schedule(member, pause);
  }
}

/** Undefined when there is no upstream registry. */
function clientOf(settings: AiBridgeSettings, interval: number, calls: SettingsClient): UpstreamClient | undefined {
  if (settings.registryUrl === '') return undefined;
  if (!URL.canParse(settings.registryUrl)) {
    // No more than the membership hangs on it: the service starts.
    new Logger('membership').error('AI_BRIDGE_REGISTRY_URL is no URL: this service is a member of no registry');
    return undefined;
  }
  const urls = upstreamUrls(settings.registryUrl);
  const http = new UpstreamHttp(Math.min(LONGEST_CALL_MS, Math.max(SHORTEST_CALL_MS, interval)), calls);
  return new UpstreamClient(urls, new UpstreamCredentials(settings, urls.token, http), http);
}
