import { Inject, Injectable } from '@nestjs/common';
import { TooManyRequestsError } from '#common';
import { type QuotasSettings, quotasSettings } from '#config';
import type { Transaction } from '#database';
import { MetricsService } from '#metrics';
import { type Demand, type Growth, toKey, QUOTA_NAMES, QuotaExceededError, type QuotaName, QUOTAS } from './quota.js';
import { QuotaCounts, type QuotaSource, type QuotaSubject } from './quota-counts.js';

/** From this many rows on, counting is slow: a request then does not wait for the lock, because it would hold a connection. */
const LONG_COUNT = 20_000;
/** Milliseconds for which a slow count is shown again, and for which a count that found no room is not repeated. */
const LONG_COUNT_KEPT_MS = 30_000;
/** The counts of this many Spaces together take as long as a slow count. */
const MANY_SPACES = 4;
/** Milliseconds after a count in which another one would have the same result. */
const RECENT_MS = 1_000;

/** Locks clients or Spaces until the end of the transaction. */
const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended(k, 8206)) FROM unnest($1::text[]) AS k';
const TRY_LOCK =
  'SELECT bool_and(pg_try_advisory_xact_lock(hashtextextended(k, 8206))) AS held FROM unnest($1::text[]) AS k';

export interface QuotaUsage {
  /** 0: no limit. */
  limit: number;
  used: number;
}

/** The key is the name of the quota. */
export type Usage = Record<string, QuotaUsage>;

/**
 * Limits how much one client, or one Space, may have (docs/adr/0033). Far from a limit there is no query: the last count
 * plus the most that can have been added since is below the limit. Near a limit PostgreSQL decides: a transaction that adds
 * something locks the client until it ends, and counts the rows, so the number is always right.
 */
@Injectable()
export class Quotas {
  private readonly refusals;

  constructor(
    private readonly counts: QuotaCounts,
    @Inject(quotasSettings.KEY) private readonly settings: QuotasSettings,
    metrics: MetricsService,
  ) {
    this.refusals = metrics.counter({
      name: 'quota_refusals_total',
      help: 'Writes refused with 429 because a client or a Space has reached its quota, by quota.',
      labelNames: ['quota'],
    });
    for (const quota of QUOTA_NAMES) this.refusals.inc({ quota }, 0);
    const gauge = (name: string, help: string, value: (quota: QuotaName) => number): void => {
      metrics.gauge({
        name,
        help,
        labelNames: ['quota'],
        collect: (it) => {
          for (const quota of QUOTA_NAMES) it.set({ quota }, value(quota));
        },
      });
    };
    gauge('quota_limit', 'The limit for one client or Space, by quota; 0: no limit.', (quota) => this.getLimit(quota));
    gauge(
      'quota_highest_use',
      'The most that a client or Space had when this replica counted last, by quota.',
      (quota) => counts.highest(quota),
    );
  }

  /** Each room registers how its rows are counted. */
  register(quota: QuotaName, source: QuotaSource): void {
    this.counts.register(quota, source);
  }

  /** Reserves room for all of this if the remembered counts allow it. False: call `admit`, which asks the database. */
  letsIn(demands: readonly Demand[]): boolean {
    const sums = sumUp(demands);
    if (this.near(sums).length > 0) return false;
    this.counts.added(sums);
    return true;
  }

  /**
   * Decides, in their order, which items this transaction may write; undefined: there is room. If possible, call it
   * before other locks. `demands` are the most that each item can add. `exact` finds out what it really adds; it is called
   * only near a limit, and must keep its result true until the end of the transaction. An item that adds nothing is never
   * refused and does not wait. A refused item adds nothing.
   * @throws TooManyRequestsError (1009) while another transaction adds to something that is slow to count
   */
  async admit(
    tx: Transaction,
    demands: readonly (readonly Demand[])[],
    exact: () => Promise<Iterable<Growth>>,
  ): Promise<(QuotaExceededError | undefined)[]> {
    const none = demands.map(() => undefined);
    const most = sumUp(demands.flat());
    if (this.letsIn(most)) return none;
    const stale = this.near(most).filter((demand) => this.isWorthCounting(demand));
    await this.counts.count(stale, tx);
    if (this.letsIn(most)) return none;
    const growth = sumUp([...flatten(await exact())]);
    if (this.letsIn(growth)) return none;
    const near = this.near(growth);
    await this.lock(tx, near);
    const used = await this.counts.count(near, tx);
    const refusals: (QuotaExceededError | undefined)[] = [];
    for (const { demands: item, taken } of await exact()) {
      const refusal = this.take(item, used);
      if (!refusal) taken?.();
      refusals.push(refusal);
    }
    return refusals;
  }

  /** How much a client has. Counts of many rows are up to half a minute old. */
  async usageOf(clientId: string): Promise<Usage> {
    const [usage] = await this.usages('client', [clientId]);
    return usage?.[1] ?? {};
  }

  /** How much each of these Spaces has, at most 100 Spaces. Counts of many rows, or of many Spaces, are up to half a minute old. */
  async usageOfSpaces(spaces: Iterable<string>): Promise<Record<string, Usage>> {
    return Object.fromEntries(await this.usages('space', [...spaces]));
  }

  /** Counts, and returns by how much the limit is exceeded. */
  async excessOf(quota: QuotaName, subject: string): Promise<number> {
    const limit = this.getLimit(quota);
    if (limit === 0) return 0;
    const counted = await this.counts.count([{ quota, subject }]);
    return Math.max(0, (counted.get(toKey({ quota, subject })) ?? 0) - limit);
  }

  private async usages(of: 'client' | 'space', names: readonly string[]): Promise<[string, Usage][]> {
    const quotas = QUOTA_NAMES.filter((quota) => QUOTAS[quota].of === of && this.counts.has(quota));
    const subjects = names.flatMap((subject) => quotas.map((quota) => ({ quota, subject })));
    const due = subjects.filter(
      (one) =>
        (names.length < MANY_SPACES && (this.counts.remembered(one) ?? 0) < LONG_COUNT) ||
        this.counts.getAge(one) > LONG_COUNT_KEPT_MS,
    );
    const counted = await this.counts.count(due);
    const used = (one: QuotaSubject): number => counted.get(toKey(one)) ?? this.counts.remembered(one) ?? 0;
    return names.map((subject) => {
      const usage = quotas.map((quota) => [quota, { limit: this.getLimit(quota), used: used({ quota, subject }) }]);
      return [subject, Object.fromEntries(usage) as Usage];
    });
  }

  private getLimit(quota: QuotaName): number {
    return this.settings[QUOTAS[quota].setting];
  }

  /** The demands for which there may be no room. */
  private near(wanted: readonly Demand[]): Demand[] {
    return wanted.filter((demand) => {
      const limit = this.getLimit(demand.quota);
      return limit > 0 && demand.amount > 0 && (this.counts.most(demand) ?? Infinity) + demand.amount > limit;
    });
  }

  /** Whether a count without a lock may show that there is room. If one has just shown none, it is not repeated. */
  private isWorthCounting(demand: Demand): boolean {
    const room = this.getLimit(demand.quota) - this.counts.estimateMost(demand.quota, 0) - demand.amount;
    const hasRoom = (this.counts.remembered(demand) ?? 0) <= room;
    return room >= 0 && this.counts.getAge(demand) > (hasRoom ? RECENT_MS : LONG_COUNT_KEPT_MS);
  }

  private async lock(tx: Transaction, near: readonly QuotaSubject[]): Promise<void> {
    const keys = [...new Set(near.map(({ quota, subject }) => `${QUOTAS[quota].of}:${subject}`))].sort();
    if (near.every((subject) => (this.counts.remembered(subject) ?? 0) < LONG_COUNT)) {
      await tx.query(LOCK, [keys]);
      return;
    }
    const [row] = await tx.query<[{ held: boolean }]>(TRY_LOCK, [keys]);
    if (!row.held) throw new TooManyRequestsError(1, 'This client is near to a quota, and adds to it elsewhere now');
  }

  private take(item: readonly Demand[], used: Map<string, number>): QuotaExceededError | undefined {
    for (const { quota, subject, amount } of item) {
      const before = used.get(toKey({ quota, subject }));
      const limit = this.getLimit(quota);
      if (before === undefined || amount <= 0 || before + amount <= limit) continue;
      this.refusals.inc({ quota });
      return new QuotaExceededError(quota, limit, before);
    }
    for (const demand of item) {
      const key = toKey(demand);
      const before = used.get(key);
      if (before !== undefined) used.set(key, before + Math.max(0, demand.amount));
    }
    return undefined;
  }
}

/** Everything that the items add if none of them is refused. */
function* flatten(items: Iterable<Growth>): Generator<Demand> {
  for (const { demands, taken } of items) {
    taken?.();
    yield* demands;
  }
}

/** One sum for each quota and subject. */
function sumUp(demands: readonly Demand[]): Demand[] {
  const sums = new Map<string, Demand>();
  for (const demand of demands) {
    const key = toKey(demand);
    const known = sums.get(key);
    const amount = Math.max(0, demand.amount);
    if (known) known.amount += amount;
    else sums.set(key, { ...demand, amount });
  }
  return [...sums.values()];
}
