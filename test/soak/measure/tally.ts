import type { Answer } from '../../support/service-api.js';
import { quantile } from './slope.js';

/** Times that are kept of one kind of request; older ones are dropped. */
const KEPT = 20_000;
const TOLD = 5;

interface Kind {
  count: number;
  times: number[];
}

/** Results of all requests, by kind. */
export class Tally {
  private readonly kinds = new Map<string, Kind>();
  private readonly statuses = new Map<string, number>();
  /** The first wrong answers. */
  readonly faults: string[] = [];
  faulty = 0;

  add(kind: string, answer: Answer<unknown>, isExpected: boolean): void {
    const known = this.kinds.get(kind) ?? { count: 0, times: [] };
    this.kinds.set(kind, known);
    known.times[known.count % KEPT] = answer.ms;
    known.count += 1;
    this.count(String(answer.status));
    if (!isExpected) this.fault(`${kind}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
  }

  lost(kind: string, error: unknown): void {
    this.count('no answer');
    this.fault(`${kind}: ${String(error)}`);
  }

  get byStatus(): Record<string, number> {
    return Object.fromEntries(this.statuses);
  }

  get byKind(): { kind: string; count: number; p50: number; p95: number; p99: number; max: number }[] {
    return [...this.kinds].map(([kind, { count, times }]) => ({
      kind,
      count,
      p50: quantile(times, 0.5),
      p95: quantile(times, 0.95),
      p99: quantile(times, 0.99),
      max: quantile(times, 1),
    }));
  }

  private count(status: string): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  private fault(what: string): void {
    this.faulty += 1;
    if (this.faults.length < TOLD) this.faults.push(what);
  }
}
