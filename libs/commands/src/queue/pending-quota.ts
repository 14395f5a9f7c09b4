import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ApiError } from '#common';
import { type Transaction, Transactions } from '#database';
import { type Demand, Quotas } from '#quotas';
import { nameOf } from '../executions/executions.repository.js';
import { CallQueueRepository } from './call-queue.repository.js';
import type { NewQueuedCall } from './queued-call.js';

const COUNT = `SELECT (SELECT count(*) FROM executions WHERE status = 'pending' AND client_id = $1)
  + (SELECT count(*) FROM executions WHERE status = 'running' AND mode = 'async' AND client_id = $1)`;

/** How many asynchronous calls of one client may wait or run. */
@Injectable()
export class PendingQuota implements OnModuleInit {
  constructor(
    private readonly quotas: Quotas,
    private readonly repository: CallQueueRepository,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    // 12,000 requests may come in a minute, and twice that at its turn.
    this.quotas.register('pending_executions', { count: COUNT, perSecond: 400 });
  }

  /** Puts calls into the queue for which there is room. Ids are by name, and so are the refusals of others. */
  async add(calls: readonly NewQueuedCall[]): Promise<{ ids: Map<string, string>; refused: Map<string, ApiError> }> {
    const demands = calls.map(demandOf);
    if (this.quotas.letsIn(demands)) return { ids: await this.repository.add(calls), refused: new Map() };
    return this.transactions.run(async (tx) => {
      const refusals = await this.quotas.admit(
        tx,
        demands.map((demand) => [demand]),
        () => this.growthOf(tx, calls),
      );
      const refused = new Map<string, ApiError>();
      const allowed = calls.filter((call, place) => {
        const refusal = refusals[place];
        if (refusal) refused.set(nameOf(call), refusal);
        return refusal === undefined;
      });
      return { ids: allowed.length > 0 ? await this.repository.add(allowed, tx) : new Map<string, string>(), refused };
    });
  }

  /** A call that was made before, and is not made anew, adds nothing. */
  private async growthOf(tx: Transaction, calls: readonly NewQueuedCall[]): Promise<Demand[][]> {
    const made = new Set((await this.repository.made(tx, calls)).map(nameOf));
    return calls.map((call) => (made.has(nameOf(call)) ? [] : [demandOf(call)]));
  }
}

function demandOf({ client_id }: NewQueuedCall): Demand {
  return { quota: 'pending_executions', subject: client_id, amount: 1 };
}
