import { Injectable } from '@nestjs/common';
import { AuditLog, type Caller } from '#auth';
import { ConflictError, CursorScope, NotFoundError, toPageResponse, toSlice } from '#common';
import { Transactions } from '#database';
import type { ListExecutionsQuery } from '../command.dto.js';
import { type ExecutionDetailsResponse, type ExecutionPageResponse, toSummary } from './execution.response.js';
import { ExecutionsQuery } from './executions.query.js';
import { CallbackDeliveries } from '../callbacks/callback-deliveries.js';
import { CallbacksRepository } from '../callbacks/callbacks.repository.js';
import { CallCancellation } from './call-cancellation.js';

/** Executions as resources. A client sees its own; a client that manages all Skills sees all. */
@Injectable()
export class ExecutionsService {
  constructor(
    private readonly query: ExecutionsQuery,
    private readonly cancellation: CallCancellation,
    private readonly callbacks: CallbacksRepository,
    private readonly deliveries: CallbackDeliveries,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
  ) {}

  async list(caller: Caller, query: ListExecutionsQuery): Promise<ExecutionPageResponse> {
    const filter = { ...query, clientId: visibleOwner(caller), spaces: caller.spaces };
    const scope = new CursorScope('executions', query, '-id');
    const { items, ...page } = await this.query.page(filter, scope, toSlice(query));
    return { ...toPageResponse(query, page), executions: items.map(toSummary) };
  }

  /** @throws NotFoundError (1010) */
  async get(caller: Caller, id: string): Promise<ExecutionDetailsResponse> {
    const execution = await this.query.find(id, visibleOwner(caller), caller.spaces);
    if (!execution) throw new NotFoundError('No such execution');
    return execution;
  }

  /** Does nothing if the execution is finished. @throws NotFoundError (1010) */
  async cancel(caller: Caller, id: string): Promise<ExecutionDetailsResponse> {
    const { client_id } = await this.get(caller, id);
    await this.cancellation.cancel(id, client_id === caller.clientId ? undefined : caller);
    return this.get(caller, id);
  }

  /**
   * Delivers a dead or delivered callback again. Does nothing if the callback is pending.
   * @throws NotFoundError (1010), also if the execution has no callback; ConflictError (1006) if it is not finished
   */
  async redeliver(caller: Caller, id: string): Promise<ExecutionDetailsResponse> {
    const { callback, completed_at } = await this.get(caller, id);
    if (!callback) throw new NotFoundError('This execution has no callback');
    if (completed_at === null) {
      throw new ConflictError('This execution is not finished', [{ field: 'execution_id', reason: 'is not finished' }]);
    }
    await this.transactions.run(async (tx) => {
      const before = await this.callbacks.redeliver(tx, id);
      if (before === undefined) return;
      const change = { before: { status: before }, after: { status: 'pending' } };
      await this.audit.record(tx, caller, [{ action: 'callback.redeliver', target: `execution:${id}`, ...change }]);
    });
    this.deliveries.wake();
    return this.get(caller, id);
  }
}

/** The client whose executions the caller sees; undefined if it sees all. */
function visibleOwner(caller: Caller): string | undefined {
  return caller.may('skill:manage') && caller.boundTo === undefined ? undefined : caller.clientId;
}
