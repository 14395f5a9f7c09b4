import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';
import { type Demand, toKey, type QuotaName } from './quota.js';

/** How something is counted. */
export interface QuotaSource {
  /** SQL of a number; `$1` is the id of the client or of the Space. */
  count: string;
  /** How many all replicas together can add in a second for one client: the rate limits allow no more. */
  perSecond: number;
}

export type QuotaSubject = Pick<Demand, 'quota' | 'subject'>;

interface Count {
  used: number;
  /** The most that this replica has added since. */
  added: number;
  /** By `performance.now()`. */
  at: number;
}

/** Counts that are kept; the oldest is dropped for a new one. */
const CAPACITY = 10_000;
/** Seconds that a transaction may take. Until it ends, a count does not include what it adds. */
const SLACK_S = 5;

/** How much clients and Spaces have: counted in PostgreSQL, and kept here as long as a decision can use it. */
@Injectable()
export class QuotaCounts {
  private readonly sources = new Map<QuotaName, QuotaSource>();
  private readonly known = new Map<string, Count>();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  register(quota: QuotaName, source: QuotaSource): void {
    this.sources.set(quota, source);
  }

  has(quota: QuotaName): boolean {
    return this.sources.has(quota);
  }

  /** The last count by this replica. */
  remembered(subject: QuotaSubject): number | undefined {
    return this.known.get(toKey(subject))?.used;
  }

  /** The highest of the last counts of all subjects. */
  highest(quota: QuotaName): number {
    let highest = 0;
    for (const [key, { used }] of this.known) if (key.startsWith(`${quota}:`)) highest = Math.max(highest, used);
    return highest;
  }

  /** The most that there can be by now; undefined: it was not counted yet. */
  most(subject: QuotaSubject, now = performance.now()): number | undefined {
    const count = this.known.get(toKey(subject));
    return count && count.used + Math.max(count.added, this.estimateMost(subject.quota, (now - count.at) / 1000));
  }

  /** Notes what was added without a count. */
  added(demands: readonly Demand[]): void {
    for (const demand of demands) {
      const count = this.known.get(toKey(demand));
      if (count) count.added += demand.amount;
    }
  }

  /** The most that can be added within so many seconds after a count. */
  estimateMost(quota: QuotaName, seconds: number): number {
    return (this.sources.get(quota)?.perSecond ?? 0) * (seconds + SLACK_S);
  }

  /** Milliseconds since the last count by this replica. */
  getAge(subject: QuotaSubject, now = performance.now()): number {
    return now - (this.known.get(toKey(subject))?.at ?? -Infinity);
  }

  /** Counts all subjects in one statement, and keeps the results. */
  async count(subjects: readonly QuotaSubject[], tx?: Transaction): Promise<Map<string, number>> {
    if (subjects.length === 0) return new Map();
    const at = performance.now();
    const parts = subjects.map(({ quota }, index) => {
      const { count = 'SELECT 0' } = this.sources.get(quota) ?? {};
      return `SELECT ${index} AS place, (${count.replaceAll('$1', `$${index + 1}::text`)})::int AS used`;
    });
    const rows = await (tx ?? this.dataSource).query<{ place: number; used: number }[]>(
      parts.join(' UNION ALL '),
      subjects.map(({ subject }) => subject),
    );
    return new Map(
      rows.flatMap(({ place, used }) => {
        const subject = subjects[place];
        if (!subject) return [];
        const key = toKey(subject);
        this.remember(key, { used, at, added: 0 });
        return [[key, used]];
      }),
    );
  }

  private remember(key: string, count: Count): void {
    this.known.delete(key);
    const [oldest] = this.known.keys();
    if (this.known.size >= CAPACITY && oldest !== undefined) this.known.delete(oldest);
    this.known.set(key, count);
  }
}
