import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Transactions } from '#database';
import { OutageLog } from '#logging';
import { EndpointHealthWriter, EndpointTransitions, type ReportedHealth } from '#skills';

/** What a heartbeat waits for PostgreSQL at most: a member that is told too late takes its heartbeat for lost. */
const PATIENCE_MS = 1_000;
/** Pauses before rows that others hold are tried again; most are held for a few milliseconds. */
const PAUSES_MS = [10, 20, 40, 80, 160, 320];

/** Writes what heartbeats change: endpoints that come back, or say something else of themselves than before. */
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
   * Like `apply`, and returns after a second at the latest; what is not written by then, or cannot be, is written with
   * a later heartbeat, by the journal. Never rejects.
   */
  async tryApply(reports: readonly ReportedHealth[]): Promise<void> {
    if (reports.length === 0) return;
    const attempt = this.attempt(reports).finally(() => this.underWay.delete(attempt));
    this.underWay.add(attempt);
    const done = new AbortController();
    const patience = delay(PATIENCE_MS, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([attempt, patience]);
    done.abort();
  }

  /**
   * When it has returned, discovery shows it. Endpoints that others hold are tried again for less than a second: whoever
   * holds them longer decides, or the next heartbeat does.
   */
  async apply(reports: readonly ReportedHealth[]): Promise<void> {
    // The last report of an endpoint holds.
    const last = new Map(reports.map((report) => [report.endpointId, report]));
    await this.applyFree(last);
    for (const pause of PAUSES_MS) {
      if (last.size === 0) break;
      await delay(pause);
      await this.applyFree(last);
    }
  }

  private async attempt(reports: readonly ReportedHealth[]): Promise<void> {
    try {
      await this.apply(reports);
    } catch (error) {
      this.outage.begin(String(error));
    }
  }

  /** One transaction. Leaves those in that others hold. */
  private async applyFree(reports: Map<string, ReportedHealth>): Promise<void> {
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
