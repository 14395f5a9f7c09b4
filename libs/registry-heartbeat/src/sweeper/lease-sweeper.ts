import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { LeaderElection, type Transaction } from '#database';
import { PeriodicService } from '#scheduling';
import { LeaseTerms } from '#skills';
import { LeaseStore, type SweepState } from '../leases/lease-store.js';
import { LeaseAudit } from './lease-audit.js';
import { isThreatened, preserve } from './self-preservation.js';
import { Sweep } from './sweep.js';
import { SweepMetrics } from './sweep.metrics.js';
import { type SweepTerms, sweepTerms } from './sweep-terms.js';

/** Leases in one correction of times. */
const CLAMP_BATCH = 1_000;

/**
 * Ends the leases of members that send no heartbeat. It is a scheduled job of every replica, but only the leader sweeps. If
 * no replica has swept for a while (a start, an outage of Redis or PostgreSQL, lost data of the lease store, or a clock
 * change), it ends no lease for the time of a full lease (docs/heartbeats.md).
 */
@Injectable()
export class LeaseSweeper extends PeriodicService {
  private readonly logger = new Logger('leases');
  private readonly sweepTerms: SweepTerms;
  private wasLeading = false;
  private failingSince: number | undefined;
  private yieldingUntil = 0;

  constructor(
    private readonly leader: LeaderElection,
    private readonly store: LeaseStore,
    private readonly sweep: Sweep,
    private readonly audit: LeaseAudit,
    private readonly metrics: SweepMetrics,
    private readonly terms: LeaseTerms,
    scheduler: SchedulerRegistry,
  ) {
    const timing = sweepTerms(terms);
    // The leader resigns in `onApplicationShutdown`, when this job has stopped.
    super(scheduler, { name: 'lease-sweeper', everyMs: timing.tick, context: 'leases', subject: 'Sweeping' });
    this.sweepTerms = timing;
  }

  protected work(): Promise<void> {
    return this.leader.exclusively(() => this.campaign());
  }

  /** Sweeps now, or joins the sweep in progress. Never rejects. */
  tick(): Promise<void> {
    return this.job.run();
  }

  private async campaign(): Promise<void> {
    const now = performance.now();
    if (now < this.yieldingUntil) return;
    try {
      const session = await this.leader.campaign();
      if (session) await this.lead(session);
      this.wasLeading = session !== undefined;
      this.failingSince = undefined;
    } catch (error) {
      this.wasLeading = false;
      this.failingSince ??= now;
      if (now - this.failingSince > this.sweepTerms.yieldAfter) await this.yieldLead(now);
      throw error;
    }
  }

  /** Lets another replica lead, because it may reach the lease store where this one cannot. */
  private async yieldLead(now: number): Promise<void> {
    await this.leader.resign();
    this.failingSince = undefined;
    this.yieldingUntil = now + this.sweepTerms.yieldFor * (0.5 + Math.random() / 2);
  }

  private async lead(session: Transaction): Promise<void> {
    const began = performance.now();
    let state = await this.store.beginSweep();
    if (!state.complete) state = await this.rebuild(session);
    else if (!this.wasLeading) {
      this.logger.log('this replica sweeps');
      // A leader that died during a sweep may have claimed leases without writing them.
      await this.store.release();
    }
    const graceUntil = await this.updateGrace(state);
    if (state.now >= graceUntil) await this.expire(session, state, began);
    await this.audit.step();
    this.metrics.swept(performance.now() - began);
  }

  /** Fills a store that is new or has lost its data: every lease in PostgreSQL gets its full time from now. */
  private async rebuild(session: Transaction): Promise<SweepState> {
    const before = await this.countLeases();
    // The query keeps the leader's session alive, and rejects if the lead is lost.
    await this.audit.all(() => session.query('SELECT 1'));
    await this.store.keep({ complete: true });
    const state = await this.store.beginSweep();
    const added = (await this.countLeases()) - before;
    // On a first start there is nothing to say.
    if (added > 0)
      this.logger.log(`the lease store was empty: it now has ${added} leases of PostgreSQL, with their full time`);
    // Starts the grace time, as after any gap between sweeps.
    return { ...state, sweptAt: 0 };
  }

  private async countLeases(): Promise<number> {
    const { onTime, overdue } = await this.store.census(0);
    return onTime + overdue;
  }

  /** Returns the time until which no lease ends. */
  private async updateGrace({ now, sweptAt, graceUntil }: SweepState): Promise<number> {
    if (now < sweptAt) while ((await this.store.clampToNow(CLAMP_BATCH)) === CLAMP_BATCH);
    else if (now - sweptAt <= this.sweepTerms.gap) return Math.min(graceUntil, now + this.terms.ttl);
    const until = now + this.terms.ttl;
    // The time of a threat starts anew, because it may come from before the clock change.
    await this.store.keep({ graceUntil: until, threatenedSince: 0 });
    const message = `no lease ends for ${this.terms.ttl / 1000} s`;
    // Every start is one; nobody has to know.
    if (sweptAt === 0) this.logger.debug(`the first sweep: ${message}`);
    else this.logger.log(`no sweep for a while, or a clock change: ${message}`);
    return until;
  }

  private async expire(session: Transaction, state: SweepState, began: number): Promise<void> {
    const { now } = state;
    // The next sweep continues when the time is up.
    const isTime = (): boolean => performance.now() - began < this.sweepTerms.tick;
    let census = await this.store.census(now);
    if (isThreatened(census)) {
      await this.sweep.extendHeard(session, now, isTime);
      census = await this.store.census(now);
    }
    const after = preserve(state, census, now, this.sweepTerms.longestFreeze);
    if (after.threatenedSince !== state.threatenedSince || after.frozen !== state.frozen) await this.store.keep(after);
    if (after.frozen !== state.frozen) this.logFreeze(after.frozen);
    // Members come back one after the other after an outage, so all get a full lease to do so.
    if (state.frozen && after.threatenedSince === 0) {
      await this.store.keep({ graceUntil: now + this.terms.ttl });
      return;
    }
    await this.sweep.warn(session, now, isTime);
    if (after.frozen) return;
    const [oldest] = await this.sweep.end(session, now, isTime);
    this.metrics.lag(oldest ? now - oldest.renewedAt - this.terms.ttl : 0);
    await this.sweep.unregister(session);
  }

  private logFreeze(frozen: boolean): void {
    if (!frozen) {
      this.logger.log('self-preservation is over: leases end again');
      return;
    }
    this.metrics.froze();
    this.logger.warn(
      'self-preservation: too many leases would end at once, so none ends until heartbeats come again, ' +
        `for ${this.sweepTerms.longestFreeze / 1000} s at most`,
    );
  }
}
