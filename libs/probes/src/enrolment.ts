import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type ProbesSettings, probesSettings } from '#config';
import { PeriodicService } from '#scheduling';
import { BEFORE_ALL, ProbeClaimsRepository } from './probe-claims.repository.js';
import { probeJob } from './probe-job.js';

/** Endpoints in one query, and queries in one step. */
const PAGE = 1_000;
const PAGES = 5;
/** Milliseconds after which the search starts over. */
const RESTART_AFTER_MS = 60_000;

/**
 * Finds endpoints without a lease that are not probed yet. Ids rise with time, so each step looks at the newest ids first. A
 * search through all ids, which starts over every minute, finds those of a large import, of a slow clock, or committed late.
 */
@Injectable()
export class Enrolment extends PeriodicService {
  private after = BEFORE_ALL;
  private restartAt = performance.now() + RESTART_AFTER_MS;

  constructor(
    private readonly claims: ProbeClaimsRepository,
    @Inject(probesSettings.KEY) settings: ProbesSettings,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, probeJob(settings, { name: 'probe-enrolment', subject: 'Finding endpoints to probe' }));
  }

  protected async work(): Promise<void> {
    await this.claims.enrolNewest(PAGE);
    for (let page = 0; page < PAGES; page += 1) {
      const ids = await this.claims.enrolPage(this.after, PAGE);
      if (ids.length < PAGE) {
        if (performance.now() < this.restartAt) return;
        this.restartAt = performance.now() + RESTART_AFTER_MS;
        this.after = BEFORE_ALL;
        return;
      }
      this.after = ids.at(-1) ?? BEFORE_ALL;
    }
  }
}
