import { Injectable, Logger } from '@nestjs/common';
import { Transactions } from '#database';
import { OutageLog } from '#logging';
import { type ChangedEndpoint, type EndpointHealth, EndpointHealthWriter } from '#skills';
import { Transitions } from '../transitions.js';

/** A heartbeat that changes what PostgreSQL says of an endpoint. */
export interface HealthReport extends EndpointHealth {
  /** The client that beats. */
  actor: string;
}

/** Writes what heartbeats change: endpoints that come back, or say something else of themselves than before. */
@Injectable()
export class HealthReports {
  private readonly outage = new OutageLog(new Logger('heartbeats'), 'Writing health');

  constructor(
    private readonly transactions: Transactions,
    private readonly writer: EndpointHealthWriter,
    private readonly transitions: Transitions,
  ) {}

  /** Like `apply`; what cannot be written now is written with a later heartbeat, by the journal. */
  async tryApply(reports: readonly HealthReport[]): Promise<void> {
    try {
      await this.apply(reports);
    } catch (error) {
      this.outage.begin(String(error));
    }
  }

  /** One transaction. When it has returned, discovery shows it. */
  async apply(reports: readonly HealthReport[]): Promise<void> {
    if (reports.length === 0) return;
    const changed = await this.transactions.run(async (tx) => {
      // All at once, in one order: two transactions that took actor after actor would wait for each other.
      await this.writer.lock(
        tx,
        reports.map(({ endpointId }) => endpointId),
      );
      const all: ChangedEndpoint[] = [];
      for (const [actor, group] of groupedByActor(reports)) all.push(...(await this.writer.report(tx, actor, group)));
      return all;
    });
    this.outage.end();
    await this.transitions.changed(changed);
  }
}

/** The last report of an endpoint holds. */
function groupedByActor(reports: readonly HealthReport[]): Map<string, HealthReport[]> {
  const last = new Map(reports.map((report) => [report.endpointId, report]));
  const groups = new Map<string, HealthReport[]>();
  for (const report of last.values()) {
    const group = groups.get(report.actor);
    if (group) group.push(report);
    else groups.set(report.actor, [report]);
  }
  return groups;
}
