import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '#auth';
import { BatchQueue } from '#common';
import { OutageLog } from '#logging';
import type { ReportedHealth } from '#skills';
import { LeaseOpener } from '../leases/lease-opener.js';
import { type Beat, LeaseStore, type RenewOutcome } from '../leases/lease-store.js';
import { HealthReports } from './health-reports.js';
import type { Heartbeat, MemberMetrics, Renewal, Renewed, SentBeat } from './heartbeat.js';
import { HeartbeatJournal } from './heartbeat-journal.js';
import { HeartbeatMetrics } from './heartbeat.metrics.js';
import { LeaseLookup } from './lease-lookup.js';
import { SpaceLimits } from './space-limits.js';

interface Waiting {
  caller: Caller;
  beat: SentBeat;
  metrics: MemberMetrics;
  resolve: (renewal: Renewal) => void;
  reject: (error: unknown) => void;
  /** Set by `tryRenew`. Called instead of the two others if the lease store cannot renew by itself. */
  decline?: () => void;
}

/** A heartbeat that PostgreSQL has to decide: the store could not answer it, or found it stale. */
interface Undecided {
  waiting: Waiting;
  isStale: boolean;
}

/** Several batches run at once; with a single one, the lease store and this process would wait for each other in turn. */
const BATCHES = { maxBatch: 500, lanes: 4, parts: 2 };

/**
 * Renews leases. Heartbeats that arrive together share round trips to the lease store. If the store does not know a member,
 * finds its heartbeat stale or is unavailable, PostgreSQL decides, so that wrong or lost data in the store refuses no living
 * member.
 */
@Injectable()
export class Renewals {
  private readonly queue = new BatchQueue<Waiting>((batch) => this.renewBatch(batch), BATCHES);
  /** Heartbeats of clients limited to Spaces. They need PostgreSQL; the others must not wait for it. */
  private readonly limitedQueue = new BatchQueue<Waiting>((batch) => this.renewLimited(batch), BATCHES);
  private readonly outage = new OutageLog(new Logger('heartbeats'), 'The lease store');

  constructor(
    private readonly store: LeaseStore,
    private readonly lookup: LeaseLookup,
    private readonly reports: HealthReports,
    private readonly journal: HeartbeatJournal,
    private readonly metrics: HeartbeatMetrics,
    private readonly opener: LeaseOpener,
    private readonly limits: SpaceLimits,
  ) {}

  /** Rejects if neither the store nor PostgreSQL can decide. */
  renew(caller: Caller, heartbeat: Heartbeat): Promise<Renewal> {
    return new Promise((resolve, reject) => {
      this.enqueue({ caller, beat: this.toSentBeat(caller, heartbeat), metrics: heartbeat.metrics, resolve, reject });
    });
  }

  /**
   * Renews if the lease store can do so by itself, synchronously if the leases are in this process. Otherwise calls `done`
   * with undefined, with nothing done or counted; call `renew` then. It takes a callback because, with thousands of
   * heartbeats a second, a Promise for each costs as much as the renewal.
   */
  tryRenew(caller: Caller, heartbeat: Heartbeat, done: (renewed: Renewed | undefined) => void): void {
    const beat = this.toSentBeat(caller, heartbeat);
    const { metrics } = heartbeat;
    const steady = caller.identity.spaces === undefined ? this.store.renewSteady(beat) : undefined;
    if (steady) {
      const renewed = { status: 'ok', ...steady } as const;
      this.note(beat, metrics, renewed);
      done(renewed);
      return;
    }
    const decline = (): void => {
      done(undefined);
    };
    if (this.outage.isUnavailable) {
      decline();
      return;
    }
    const resolve = (renewal: Renewal): void => {
      if (renewal.status === 'ok') done(renewal);
    };
    this.enqueue({ caller, beat, metrics, resolve, reject: decline, decline });
  }

  private toSentBeat(caller: Caller, { skillId, url, generation, health }: Heartbeat): SentBeat {
    const stored = this.lookup.toStoredSpelling(skillId, url);
    return { actor: caller.clientId, skillId, url: stored, generation, health, boundTo: caller.boundTo };
  }

  private enqueue(waiting: Waiting): void {
    const queue = waiting.caller.identity.spaces === undefined ? this.queue : this.limitedQueue;
    queue.add(waiting);
  }

  /** Never rejects. */
  private async renewLimited(batch: readonly Waiting[]): Promise<void> {
    let outOfReach: Set<Waiting>;
    try {
      outOfReach = await this.limits.findOutOfReach(batch, ({ caller, beat }) => ({ caller, skillId: beat.skillId }));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const waiting of outOfReach) {
      if (waiting.decline) waiting.decline();
      else this.answer(waiting, { status: 'unknown' });
    }
    await this.renewBatch(batch.filter((waiting) => !outOfReach.has(waiting)));
  }

  /** Returns when the store has answered; does not wait for PostgreSQL. Never rejects. */
  private async renewBatch(batch: readonly Waiting[]): Promise<void> {
    const outcomes = await this.renewInStore(batch.map(({ beat }) => beat));
    void this.handleOutcomes(batch, outcomes);
  }

  /** Never rejects. */
  private async handleOutcomes(
    batch: readonly Waiting[],
    outcomes: readonly RenewOutcome[] | undefined,
  ): Promise<void> {
    const undecided: Undecided[] = [];
    const changed: [Waiting, Renewal][] = [];
    const reports: ReportedHealth[] = [];
    for (const [index, waiting] of batch.entries()) {
      const outcome = outcomes?.[index];
      if (outcome?.status !== 'renewed' && waiting.decline) waiting.decline();
      else if (outcome === undefined || outcome.status === 'missing' || outcome.status === 'stale') {
        undecided.push({ waiting, isStale: outcome?.status === 'stale' });
      } else if (outcome.status === 'foreign') {
        this.answer(waiting, outcome);
      } else {
        const { actor, health } = waiting.beat;
        const differing = outcome.endpoints.filter(
          ({ wasLate, reportedBefore }) => wasLate || reportedBefore !== health,
        );
        const endpointIds = outcome.endpoints.map(({ endpointId }) => endpointId);
        const renewal = { status: 'ok', generation: outcome.generation, endpointIds } as const;
        if (differing.length === 0) this.answer(waiting, renewal);
        else changed.push([waiting, renewal]);
        reports.push(...differing.map(({ endpointId }) => ({ endpointId, health, actor })));
      }
    }
    // Discovery must show a change before the member gets its answer. If PostgreSQL is unavailable, the journal writes it later.
    await this.reports.tryApply(reports);
    for (const [waiting, renewal] of changed) this.answer(waiting, renewal);
    if (undecided.length === 0) return;
    try {
      await this.renewByDatabase(undecided);
    } catch (error) {
      for (const { waiting } of undecided) waiting.reject(error);
    }
  }

  /** Rejects if PostgreSQL is unavailable. */
  private async renewByDatabase(undecided: readonly Undecided[]): Promise<void> {
    const renewals = await this.lookup.renew(undecided.map(({ waiting }) => waiting.beat));
    const misjudged = undecided.filter(({ isStale }, index) => isStale && renewals[index]?.status === 'ok');
    await this.opener.replace([...new Set(misjudged.map(({ waiting }) => waiting.beat.skillId))]);
    const respelled: Waiting[] = [];
    for (const [index, { waiting }] of undecided.entries()) {
      const renewal = renewals[index];
      if (renewal === undefined) throw new Error('a heartbeat without an outcome');
      if (renewal.status !== 'respelled') this.answer(waiting, renewal);
      else respelled.push({ ...waiting, beat: { ...waiting.beat, url: renewal.url } });
    }
    if (respelled.length > 0) await this.renewBatch(respelled);
  }

  private answer({ beat, metrics, resolve }: Waiting, renewal: Renewal): void {
    this.note(beat, metrics, renewal);
    resolve(renewal);
  }

  private note(beat: SentBeat, metrics: MemberMetrics, renewal: Renewal): void {
    if (renewal.status === 'ok') this.journal.note(beat, metrics, renewal.endpointIds);
    this.metrics.count(renewal.status);
  }

  /** Returns undefined if the store is unavailable or fails (Redis may be read-only, or out of memory). */
  private async renewInStore(beats: readonly Beat[]): Promise<RenewOutcome[] | undefined> {
    try {
      const outcomes = await this.store.renew(beats);
      this.outage.end();
      return outcomes;
    } catch (error) {
      this.outage.begin(`${String(error)}; heartbeats go to PostgreSQL`);
      return undefined;
    }
  }
}
