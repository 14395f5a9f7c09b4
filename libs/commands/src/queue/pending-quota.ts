import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ApiError } from '#common';
import { type Transaction, Transactions } from '#database';
import { type Demand, type Growth, Quotas } from '#quotas';
import { commandKey } from '../executions/executions.repository.js';
import { CallQueueRepository } from './call-queue.repository.js';
import type { NewQueuedCall } from './queued-call.js';

const countBy = (column: 'client_id' | 'space_id'): string =>
  `SELECT (SELECT count(*) FROM executions WHERE status = 'pending' AND ${column} = $1)
  + (SELECT count(*) FROM executions WHERE status = 'running' AND mode = 'async' AND ${column} = $1)`;
// The limit is 12,000 requests in a minute, and up to twice that around the change of the minute.
const PER_SECOND = 400;

/** The quota of unfinished asynchronous calls, per client and per Space of the Skill. */
@Injectable()
export class PendingQuota implements OnModuleInit {
  constructor(
    private readonly quotas: Quotas,
    private readonly repository: CallQueueRepository,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    this.quotas.register('pending_executions', { count: countBy('client_id'), perSecond: PER_SECOND });
    this.quotas.register('space_pending_executions', { count: countBy('space_id'), perSecond: PER_SECOND });
  }

  /** Adds the calls that the quotas allow. Both results are keyed by `commandKey`. */
  async add(calls: readonly NewQueuedCall[]): Promise<{ ids: Map<string, string>; refused: Map<string, ApiError> }> {
    const demands = calls.map(listDemands);
    if (this.quotas.letsIn(demands.flat())) return { ids: await this.repository.add(calls), refused: new Map() };
    return this.transactions.run(async (tx) => {
      const refusals = await this.quotas.admit(tx, demands, () => this.measureGrowth(tx, calls));
      const refused = new Map<string, ApiError>();
      const allowed = calls.filter((call, place) => {
        const refusal = refusals[place];
        if (refusal) refused.set(commandKey(call), refusal);
        return refusal === undefined;
      });
      return { ids: allowed.length > 0 ? await this.repository.add(allowed, tx) : new Map<string, string>(), refused };
    });
  }

  /** A call that exists already does not grow the queue. */
  private async measureGrowth(tx: Transaction, calls: readonly NewQueuedCall[]): Promise<Growth[]> {
    const existing = new Set((await this.repository.findExisting(tx, calls)).map(commandKey));
    return calls.map((call) => ({ demands: existing.has(commandKey(call)) ? [] : listDemands(call) }));
  }
}

function listDemands({ client_id, space_id }: NewQueuedCall): Demand[] {
  const demands: Demand[] = [{ quota: 'pending_executions', subject: client_id, amount: 1 }];
  if (space_id !== null) demands.push({ quota: 'space_pending_executions', subject: space_id, amount: 1 });
  return demands;
}
