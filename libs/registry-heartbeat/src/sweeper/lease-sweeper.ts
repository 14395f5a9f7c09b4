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

/** Leases whose times are corrected at once. */
const CLAMP_BATCH = 1_000;

/**
 * Ends the leases of members that fell silent. A scheduled job of every replica; one of them leads and sweeps. It ends
 * nothing for one full lease after nobody has swept for a while: after a start, an outage of Redis or PostgreSQL, a loss
 * of the lease store's data, or a clock that was set (docs/heartbeats.md).
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
    // The lead is given up in `onApplicationShutdown`: this has stopped by then.
    super(scheduler, { name: 'lease-sweeper', everyMs: timing.tick, context: 'leases', subject: 'Sweeping' });
    this.sweepTerms = timing;
  }

  protected work(): Promise<void> {
    return this.leader.exclusively(() => this.campaign());
  }

  /** One at a time; never rejects. */
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

  /** A leader that alone cannot reach the lease store must not keep those from sweeping who can. */
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
      // What a sweep that died half-way took, and may not have written.
      await this.store.release();
    }
    const graceUntil = await this.graceOf(state);
    if (state.now >= graceUntil) await this.expire(session, state, began);
    await this.audit.step();
    this.metrics.swept(performance.now() - began);
  }

  /** The store is new, or has lost its data: it is told of every lease that PostgreSQL knows, each a full one from now. */
  private async rebuild(session: Transaction): Promise<SweepState> {
    // It takes longer than PostgreSQL bears the silence of a leader; rejects when the lead is lost.
    await this.audit.all(() => session.query('SELECT 1'));
    await this.store.keep({ complete: true });
    const state = await this.store.beginSweep();
    this.logger.log(
      'the lease store is new: leases were taken over from PostgreSQL, and last for a full lease from now',
    );
    // As after any time in which nobody has swept.
    return { ...state, sweptAt: 0 };
  }

  /** Until when nothing ends. */
  private async graceOf({ now, sweptAt, graceUntil }: SweepState): Promise<number> {
    if (now < sweptAt) while ((await this.store.clampToNow(CLAMP_BATCH)) === CLAMP_BATCH);
    else if (now - sweptAt <= this.sweepTerms.gap) return Math.min(graceUntil, now + this.terms.ttl);
    const until = now + this.terms.ttl;
    // A threat is counted anew: its time before was none, or that of another clock.
    await this.store.keep({ graceUntil: until, threatenedSince: 0 });
    this.logger.log(`nothing was swept for a while, or a clock was set: no lease ends for ${this.terms.ttl / 1000} s`);
    return until;
  }

  private async expire(session: Transaction, state: SweepState, began: number): Promise<void> {
    const { now } = state;
    // What is left when the time is up is taken by the next sweep.
    const isTime = (): boolean => performance.now() - began < this.sweepTerms.tick;
    let census = await this.store.census(now);
    if (isThreatened(census)) {
      await this.sweep.extendHeard(session, now, isTime);
      census = await this.store.census(now);
    }
    const after = preserve(state, census, now, this.sweepTerms.longestFreeze);
    if (after.threatenedSince !== state.threatenedSince || after.frozen !== state.frozen) await this.store.keep(after);
    if (after.frozen !== state.frozen) this.tellOfFreeze(after.frozen);
    // Those who come back after a hiccup do not come all at once: the last of them have a full lease to do so.
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

  private tellOfFreeze(frozen: boolean): void {
    if (!frozen) {
      this.logger.log('self-preservation is over: leases end again');
      return;
    }
    this.metrics.froze();
    this.logger.warn(
      'self-preservation: too many leases would end at once, so that none does until heartbeats come again, ' +
        `for ${this.sweepTerms.longestFreeze / 1000} s at most`,
    );
  }
}
