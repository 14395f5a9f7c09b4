import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '#auth';
import { slicesOf } from '#common';
import { OutageLog } from '#logging';
import type { ReportedHealth } from '#skills';
import { LeaseOpener } from '../leases/lease-opener.js';
import { type Beat, LeaseStore, type RenewOutcome } from '../leases/lease-store.js';
import { HealthReports } from './health-reports.js';
import type { Heartbeat, MemberMetrics, Renewal, Renewed, SentBeat, Waiter } from './heartbeat.js';
import { HeartbeatJournal } from './heartbeat-journal.js';
import { HeartbeatMetrics } from './heartbeat.metrics.js';
import { LeaseLookup } from './lease-lookup.js';
import { SpaceLimits } from './space-limits.js';

interface Waiting {
  caller: Caller;
  beat: SentBeat;
  metrics: MemberMetrics;
  waiter: Waiter<Renewal>;
}

/** A heartbeat that the store could not answer, or takes for a ghost's. */
interface Unsettled {
  waiting: Waiting;
  isGhost: boolean;
}

/** Beats in one round trip. */
const MAX_BATCH = 500;
const MIN_BATCH = 16;
/** Round trips for what waits, one with each turn of the event loop: the store answers the first while the others are sent. */
const PARTS = 2;
/** Round trips at the same time. */
const MAX_ASKING = 2 * PARTS;

/**
 * Renews leases. Beats that arrive in the same turn of the event loop, or while the lease store is being asked as often
 * as may be, share some round trips to it: with one for all of them the store and this process would wait for each other
 * by turns. What the store does not know or holds for a ghost, and everything while it is out of reach, is asked
 * of PostgreSQL: a living member is never told that it is unknown because a store has lost its memory, or a ghost because
 * it remembers too much.
 */
@Injectable()
export class Renewals {
  private waiting: Waiting[] = [];
  private isScheduled = false;
  /** Questions to the store that are not answered yet. */
  private asking = 0;
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

  /** Rejects when neither the store nor PostgreSQL can tell. */
  renew(caller: Caller, heartbeat: Heartbeat): Promise<Renewal> {
    return new Promise((resolve, reject) => {
      this.renewFor({ resolve, reject }, caller, heartbeat);
    });
  }

  /** Like `renew`, with a callback pair instead of a Promise. */
  renewFor(waiter: Waiter<Renewal>, caller: Caller, heartbeat: Heartbeat): void {
    this.waiting.push({ caller, beat: beatOf(caller, heartbeat), metrics: heartbeat.metrics, waiter });
    this.schedule();
  }

  /** The same at once, where nobody has to be asked or told (`LeaseStore.renewSteady`). Undefined: nothing was done. */
  renewSteady(caller: Caller, heartbeat: Heartbeat): Renewed | undefined {
    if (caller.identity.spaces !== undefined) return undefined;
    const beat = beatOf(caller, heartbeat);
    const renewed = this.store.renewSteady(beat);
    if (!renewed) return undefined;
    const renewal = { status: 'ok', ...renewed } as const;
    this.note(beat, heartbeat.metrics, renewal);
    return renewal;
  }

  private schedule(): void {
    if (this.isScheduled || this.asking >= MAX_ASKING || this.waiting.length === 0) return;
    this.isScheduled = true;
    // After the I/O of this turn: every request that it read is in.
    setImmediate(() => {
      this.isScheduled = false;
      this.flush();
      this.schedule();
    });
  }

  private flush(): void {
    const all = this.waiting.splice(0, Math.max(MIN_BATCH, Math.ceil(this.waiting.length / PARTS)));
    // Others do not wait for what limited clients need PostgreSQL for.
    const limited = all.filter(({ caller }) => caller.identity.spaces !== undefined);
    const unlimited = limited.length > 0 ? all.filter(({ caller }) => caller.identity.spaces === undefined) : all;
    this.inBatches(unlimited, (batch) => this.renewBatch(batch));
    this.inBatches(limited, (batch) => this.renewLimited(batch));
  }

  private inBatches(all: readonly Waiting[], renew: (batch: readonly Waiting[]) => Promise<void>): void {
    for (const batch of slicesOf(all, MAX_BATCH)) {
      renew(batch).catch((error: unknown) => {
        for (const { waiter } of batch) waiter.reject(error);
      });
    }
  }

  private async renewLimited(batch: readonly Waiting[]): Promise<void> {
    const beyond = await this.limits.beyond(batch, ({ caller, beat }) => ({ caller, skillId: beat.skillId }));
    for (const waiting of beyond) this.answer(waiting, { status: 'unknown' });
    await this.renewBatch(batch.filter((waiting) => !beyond.has(waiting)));
  }

  private async renewBatch(batch: readonly Waiting[]): Promise<void> {
    const outcomes = await this.ask(batch.map(({ beat }) => beat));
    const unsettled: Unsettled[] = [];
    const told: [Waiting, Renewal][] = [];
    const changes: ReportedHealth[] = [];
    for (const [index, waiting] of batch.entries()) {
      const outcome = outcomes?.[index];
      if (outcome === undefined || outcome.status === 'missing' || outcome.status === 'stale') {
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
    if (unsettled.length > 0) await this.settle(unsettled);
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

  private answer({ beat, metrics, waiter }: Waiting, renewal: Renewal): void {
    this.note(beat, metrics, renewal);
    waiter.resolve(renewal);
  }

  private note(beat: SentBeat, metrics: MemberMetrics, renewal: Renewal): void {
    if (renewal.status === 'ok') this.journal.note(beat, metrics, renewal.endpointIds);
    this.metrics.count(renewal.status);
  }

  /** Undefined while the store is out of reach, or answers with an error: Redis may be read-only, or out of memory. */
  private async ask(beats: readonly Beat[]): Promise<RenewOutcome[] | undefined> {
    this.asking += 1;
    try {
      const outcomes = await this.store.renew(beats);
      this.outage.end();
      return outcomes;
    } catch (error) {
      this.outage.begin(`${String(error)}; heartbeats go to PostgreSQL`);
      return undefined;
    } finally {
      this.asking -= 1;
      this.schedule();
    }
  }
}

function beatOf(caller: Caller, { skillId, url, generation, health }: Heartbeat): SentBeat {
  return { actor: caller.clientId, skillId, url, generation, health, boundTo: caller.boundTo };
}
