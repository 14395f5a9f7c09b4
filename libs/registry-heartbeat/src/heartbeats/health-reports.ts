import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Transactions } from '#database';
import { OutageLog } from '#logging';
import { EndpointHealthWriter, EndpointTransitions, type ReportedHealth } from '#skills';

/** The longest time that a heartbeat waits for PostgreSQL. A member that gets its answer too late counts it as lost. */
const MAX_WAIT_MS = 1_000;
/** Pauses before the next attempt on locked rows. Most locks last a few milliseconds. */
const PAUSES_MS = [10, 20, 40, 80, 160, 320];

/** Writes changes of health that heartbeats report: endpoints that come back, or that report another health than before. */
@Injectable()
export class HealthReports implements BeforeApplicationShutdown {
  private readonly underWay = new Set<Promise<void>>();
  private readonly outage = new OutageLog(new Logger('heartbeats'), 'Writing health');

  constructor(
    private readonly transactions: Transactions,
    private readonly writer: EndpointHealthWriter,
    private readonly transitions: EndpointTransitions,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.underWay);
  }

  /**
   * Like `apply`, but returns after one second at the latest and never rejects. The journal writes later what is not
   * written by then.
   */
  async tryApply(reports: readonly ReportedHealth[]): Promise<void> {
    if (reports.length === 0) return;
    const attempt = this.attempt(reports).finally(() => this.underWay.delete(attempt));
    this.underWay.add(attempt);
    const done = new AbortController();
    const timeLimit = delay(MAX_WAIT_MS, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([attempt, timeLimit]);
    done.abort();
  }

  /**
   * Writes the reports. Discovery shows them when it has returned. It retries endpoints that another transaction has locked,
   * for less than a second; after that the other transaction, or the next heartbeat, decides.
   */
  async apply(reports: readonly ReportedHealth[]): Promise<void> {
    // The last report of an endpoint holds.
    const last = new Map(reports.map((report) => [report.endpointId, report]));
    await this.applyUnlocked(last);
    for (const pause of PAUSES_MS) {
      if (last.size === 0) break;
      await delay(pause);
      await this.applyUnlocked(last);
    }
  }

  private async attempt(reports: readonly ReportedHealth[]): Promise<void> {
    try {
      await this.apply(reports);
    } catch (error) {
      this.outage.begin(String(error));
    }
  }

  /** Writes, in one transaction, the reports whose rows are not locked, and removes them from `reports`. */
  private async applyUnlocked(reports: Map<string, ReportedHealth>): Promise<void> {
    if (reports.size === 0) return;
    const { held, changed } = await this.transactions.run(async (tx) => {
      const held = await this.writer.tryLock(tx, [...reports.keys()]);
      const free = [...reports.values()].filter(({ endpointId }) => !held.has(endpointId));
      return { held, changed: await this.writer.report(tx, free) };
    });
    for (const endpointId of reports.keys()) if (!held.has(endpointId)) reports.delete(endpointId);
    this.outage.end();
    await this.transitions.changed(changed);
  }
}
