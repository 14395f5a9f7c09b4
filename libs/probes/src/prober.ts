import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type ProbesSettings, probesSettings } from '#config';
import { OutageLog } from '#logging';
import { Enrolment } from './enrolment.js';
import { ProbeCaller } from './probe-caller.js';
import type { ProbeClaim } from './probe-claim.js';
import { ProbeClaimsRepository } from './probe-claims.repository.js';
import { ProbeRequests } from './probe-requests.js';
import { ProbeResults } from './probe-results.js';
import { ProbeMetrics } from './probe.metrics.js';

const JOB = 'prober';
const LONGEST_TICK_MS = 1_000;
/** Ticks in an interval at least. */
const TICKS = 4;
/** Results that wait to be written, for each probe that there may be at a time: beyond, none is begun. */
const MAX_WRITING = 8;

/**
 * Probes what is due: a scheduled job of every replica. A claim in PostgreSQL gives each endpoint to one of them; so many
 * are probed at a time, and a free place is filled as long as anything is due.
 */
@Injectable()
export class Prober implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly outage = new OutageLog(new Logger('probes'), 'Probing');
  private readonly stop = new AbortController();
  private readonly probing = new Set<Promise<void>>();
  private readonly writing = new Set<Promise<void>>();
  private keeping: Promise<void> | undefined;
  private filling: Promise<void> | undefined;

  constructor(
    private readonly claims: ProbeClaimsRepository,
    private readonly enrolment: Enrolment,
    private readonly requests: ProbeRequests,
    private readonly caller: ProbeCaller,
    private readonly results: ProbeResults,
    private readonly metrics: ProbeMetrics,
    private readonly scheduler: SchedulerRegistry,
    @Inject(probesSettings.KEY) private readonly settings: ProbesSettings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.interval === 0) return;
    const every = Math.min(LONGEST_TICK_MS, (this.settings.interval * 1000) / TICKS);
    this.scheduler.addInterval(
      JOB,
      setInterval(() => void this.tick(), every),
    );
  }

  /** Probes under way are broken off, and say nothing about their endpoints. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.scheduler.doesExist('interval', JOB)) this.scheduler.deleteInterval(JOB);
    this.stop.abort();
    await Promise.all([this.keeping, this.filling]);
    await Promise.all(this.probing);
    await Promise.all(this.writing);
  }

  /** Never rejects. */
  async tick(): Promise<void> {
    this.keeping ??= this.guarded(() => this.keepBooks()).finally(() => (this.keeping = undefined));
    this.filling ??= this.guarded(() => this.fill()).finally(() => (this.filling = undefined));
    await Promise.all([this.keeping, this.filling]);
  }

  private async keepBooks(): Promise<void> {
    await this.requests.step();
    await this.enrolment.step();
  }

  /** Until nothing is due. */
  private async fill(): Promise<void> {
    while (!this.stop.signal.aborted) {
      if (this.writing.size > this.settings.concurrency * MAX_WRITING) await Promise.race(this.writing);
      const free = this.settings.concurrency - this.probing.size;
      // A query for every place that becomes free would cost more than the probes.
      if (free * 2 < this.settings.concurrency) {
        await Promise.race(this.probing);
        continue;
      }
      const { claims, taken, lagMs } = await this.claims.due(free);
      this.metrics.late(lagMs);
      for (const claim of claims) this.begin(claim);
      if (taken < free) return;
    }
  }

  private begin(claim: ProbeClaim): void {
    track(this.probing, () =>
      this.guarded(async () => {
        const probed = await this.caller.probe(claim, this.stop.signal);
        if (probed) track(this.writing, () => this.guarded(() => this.results.record(probed)));
      }),
    );
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.outage.end();
    } catch (error) {
      this.outage.begin(String(error));
    }
  }
}

/** `work`, which never rejects, as one of those under way. */
function track(underWay: Set<Promise<void>>, work: () => Promise<void>): void {
  const done = work().finally(() => underWay.delete(done));
  underWay.add(done);
}
