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
  /** Of `tryRenew`: called instead of the two others if the lease store cannot renew by itself. */
  decline?: () => void;
}

/** A heartbeat that the store could not answer, or takes for a ghost's. */
interface Unsettled {
  waiting: Waiting;
  isGhost: boolean;
}

/** With one round trip for all of them the lease store and this process would wait for each other by turns. */
const BATCHES = { maxBatch: 500, lanes: 4, parts: 2 };

/**
 * Renews leases. Heartbeats that arrive together share round trips to the lease store. Where the store does not know a
 * member, takes it for a ghost or is out of reach, PostgreSQL decides: no living member is refused because the store has
 * lost its memory, or remembers too much.
 */
@Injectable()
export class Renewals {
  private readonly queue = new BatchQueue<Waiting>((batch) => this.renewBatch(batch), BATCHES);
  /** Apart, for these need PostgreSQL, and others do not wait for that. */
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

  /** Rejects when neither the store nor PostgreSQL can decide. */
  renew(caller: Caller, heartbeat: Heartbeat): Promise<Renewal> {
    return new Promise((resolve, reject) => {
      this.enqueue({ caller, beat: beatOf(caller, heartbeat), metrics: heartbeat.metrics, resolve, reject });
    });
  }

  /**
   * Renews what the lease store can renew by itself; leases in this process at once. Otherwise calls `done` with
   * undefined: then nothing was done or counted, and `renew` has to decide. A callback, for with thousands of heartbeats
   * a second a Promise for each costs as much as the renewal.
   */
  tryRenew(caller: Caller, heartbeat: Heartbeat, done: (renewed: Renewed | undefined) => void): void {
    const beat = beatOf(caller, heartbeat);
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

  private enqueue(waiting: Waiting): void {
    const queue = waiting.caller.identity.spaces === undefined ? this.queue : this.limitedQueue;
    queue.add(waiting);
  }

  /** Never rejects. */
  private async renewLimited(batch: readonly Waiting[]): Promise<void> {
    let beyond: Set<Waiting>;
    try {
      beyond = await this.limits.beyond(batch, ({ caller, beat }) => ({ caller, skillId: beat.skillId }));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const waiting of beyond) {
      if (waiting.decline) waiting.decline();
      else this.answer(waiting, { status: 'unknown' });
    }
    await this.renewBatch(batch.filter((waiting) => !beyond.has(waiting)));
  }

  /** Returns when the store has answered, before PostgreSQL has where that is needed. Never rejects. */
  private async renewBatch(batch: readonly Waiting[]): Promise<void> {
    const outcomes = await this.ask(batch.map(({ beat }) => beat));
    void this.conclude(batch, outcomes);
  }

  /** Never rejects. */
  private async conclude(batch: readonly Waiting[], outcomes: readonly RenewOutcome[] | undefined): Promise<void> {
    const unsettled: Unsettled[] = [];
    const told: [Waiting, Renewal][] = [];
    const changes: ReportedHealth[] = [];
    for (const [index, waiting] of batch.entries()) {
      const outcome = outcomes?.[index];
      if (outcome?.status !== 'renewed' && waiting.decline) waiting.decline();
      else if (outcome === undefined || outcome.status === 'missing' || outcome.status === 'stale') {
        unsettled.push({ waiting, isGhost: outcome?.status === 'stale' });
      } else if (outcome.status === 'foreign') {
        this.answer(waiting, outcome);
      } else {
        const { actor, health } = waiting.beat;
        const changed = outcome.endpoints.filter(({ wasLate, reportedBefore }) => wasLate || reportedBefore !== health);
        const endpointIds = outcome.endpoints.map(({ endpointId }) => endpointId);
        const renewal = { status: 'ok', generation: outcome.generation, endpointIds } as const;
        if (changed.length === 0) this.answer(waiting, renewal);
        else told.push([waiting, renewal]);
        changes.push(...changed.map(({ endpointId }) => ({ endpointId, health, actor })));
      }
    }
    // Discovery must show it before the member hears of it. When PostgreSQL is away, the journal makes up for it.
    await this.reports.tryApply(changes);
    for (const [waiting, renewal] of told) this.answer(waiting, renewal);
    if (unsettled.length === 0) return;
    try {
      await this.settle(unsettled);
    } catch (error) {
      for (const { waiting } of unsettled) waiting.reject(error);
    }
  }

  /** By what PostgreSQL says. */
  private async settle(unsettled: readonly Unsettled[]): Promise<void> {
    const renewals = await this.lookup.renew(unsettled.map(({ waiting }) => waiting.beat));
    const wronged = unsettled.filter(({ isGhost }, index) => isGhost && renewals[index]?.status === 'ok');
    await this.opener.replace([...new Set(wronged.map(({ waiting }) => waiting.beat.skillId))]);
    for (const [index, { waiting }] of unsettled.entries()) {
      const renewal = renewals[index];
      if (renewal === undefined) throw new Error('a heartbeat without an outcome');
      this.answer(waiting, renewal);
    }
  }

  private answer({ beat, metrics, resolve }: Waiting, renewal: Renewal): void {
    this.note(beat, metrics, renewal);
    resolve(renewal);
  }

  private note(beat: SentBeat, metrics: MemberMetrics, renewal: Renewal): void {
    if (renewal.status === 'ok') this.journal.note(beat, metrics, renewal.endpointIds);
    this.metrics.count(renewal.status);
  }

  /** Undefined while the store is out of reach, or answers with an error: Redis may be read-only, or out of memory. */
  private async ask(beats: readonly Beat[]): Promise<RenewOutcome[] | undefined> {
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

function beatOf(caller: Caller, { skillId, url, generation, health }: Heartbeat): SentBeat {
  return { actor: caller.clientId, skillId, url, generation, health, boundTo: caller.boundTo };
}
