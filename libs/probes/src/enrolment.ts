import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { type ProbesSettings, probesSettings } from '#config';
import { PeriodicService } from '#scheduling';
import { ProbeClaimsRepository } from './probe-claims.repository.js';
import { probeJob } from './probe-job.js';

/** Endpoints in one look, and looks in one step. */
const PAGE = 1_000;
const PAGES = 5;
/** Milliseconds after which all are gone through again. */
const ANEW_AFTER_MS = 60_000;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Finds endpoints that hold no lease and are not probed yet. Ids rise with time, so that new endpoints are those at the
 * end, where every step looks. Ids are made before they are committed, and by clocks that differ: all are gone through
 * again every minute.
 */
@Injectable()
export class Enrolment extends PeriodicService {
  private after = BEFORE_ALL;
  private anewAt = performance.now() + ANEW_AFTER_MS;

  constructor(
    private readonly claims: ProbeClaimsRepository,
    @Inject(probesSettings.KEY) settings: ProbesSettings,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, probeJob(settings, { name: 'probe-enrolment', subject: 'Finding endpoints to probe' }));
  }

  protected async work(): Promise<void> {
    for (let page = 0; page < PAGES; page += 1) {
      const ids = await this.claims.enrolPage(this.after, PAGE);
      if (ids.length < PAGE) {
        if (performance.now() < this.anewAt) return;
        this.anewAt = performance.now() + ANEW_AFTER_MS;
        this.after = BEFORE_ALL;
        return;
      }
      this.after = ids.at(-1) ?? BEFORE_ALL;
    }
  }
}
