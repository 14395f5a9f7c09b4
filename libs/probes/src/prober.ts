import { setMaxListeners } from 'node:events';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type ProbesSettings, probesSettings } from '#config';
import { OutageLog } from '#logging';
import { PeriodicService } from '#scheduling';
import { ProbeCaller, type Probed } from './calls/probe-caller.js';
import type { ProbeClaim } from './probe-claim.js';
import { ProbeClaimsRepository } from './probe-claims.repository.js';
import { probeJob } from './probe-job.js';
import { ProbeResults } from './results/probe-results.js';
import { ProbeMetrics } from './probe.metrics.js';

/** Results that may wait to be written, per probe at a time. With more, no probe starts. */
const MAX_WRITING = 8;

/**
 * Probes due endpoints, as a job of every replica. A claim in PostgreSQL gives each endpoint to one replica. Up to
 * PROBE_CONCURRENCY probes run at a time.
 */
@Injectable()
export class Prober extends PeriodicService {
  private readonly outage = new OutageLog(new Logger('probes'), 'The outcome of probes');
  private readonly stop = new AbortController();
  private readonly probing = new Set<Promise<void>>();
  private readonly writing = new Set<Promise<void>>();

  constructor(
    private readonly claims: ProbeClaimsRepository,
    private readonly caller: ProbeCaller,
    private readonly results: ProbeResults,
    private readonly metrics: ProbeMetrics,
    @Inject(probesSettings.KEY) private readonly settings: ProbesSettings,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, probeJob(settings, { name: 'prober', subject: 'Probing' }));
    // Each probe in flight adds a listener. Node.js would take more than 10 of them for a leak, and warn.
    setMaxListeners(0, this.stop.signal);
  }

  /** Cancels the probes in flight; they have no result. */
  override async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await super.beforeApplicationShutdown();
    await Promise.all(this.probing);
    await Promise.all(this.writing);
  }

  /** Starts probes until none is due. */
  protected async work(): Promise<void> {
    while (!this.stop.signal.aborted) {
      if (this.writing.size > this.settings.concurrency * MAX_WRITING) await Promise.race(this.writing);
      const free = this.settings.concurrency - this.probing.size;
      // Waits until half of the places are free: a query for each free place would cost more than the probes.
      if (free * 2 < this.settings.concurrency) {
        await Promise.race(this.probing);
        continue;
      }
      const { claims, taken, lagMs } = await this.claims.claimDue(free);
      this.metrics.late(lagMs);
      for (const claim of claims) this.begin(claim);
      if (taken < free) return;
    }
  }

  private begin(claim: ProbeClaim): void {
    track(this.probing, async () => {
      try {
        const probed = await this.caller.probe(claim, 0, this.stop.signal);
        if (probed) track(this.writing, () => this.write(probed));
      } catch (error) {
        this.outage.begin(String(error));
      }
    });
  }

  private async write(probed: Probed): Promise<void> {
    try {
      await this.results.record(probed);
      this.outage.end();
    } catch (error) {
      this.outage.begin(String(error));
    }
  }
}

/** Keeps `work`, which must not reject, in `underWay` until it ends. */
function track(underWay: Set<Promise<void>>, work: () => Promise<void>): void {
  const done = work().finally(() => underWay.delete(done));
  underWay.add(done);
}
