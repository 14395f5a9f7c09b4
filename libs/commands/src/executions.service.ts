import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import { NotFoundError, sliceOf } from '#common';
import type { ListExecutionsQuery } from './command.dto.js';
import {
  detailsOf,
  type ExecutionDetailsResponse,
  type ExecutionPageResponse,
  summaryOf,
} from './execution.response.js';
import { ExecutionsQuery } from './executions/executions.query.js';
import { ExecutionsRepository } from './executions/executions.repository.js';
import { RunningCalls } from './executions/running-calls.js';

/** Executions as resources. A client sees its own; who manages all Skills sees all. */
@Injectable()
export class ExecutionsService {
  constructor(
    private readonly repository: ExecutionsRepository,
    private readonly query: ExecutionsQuery,
    private readonly running: RunningCalls,
  ) {}

  async list(caller: Caller, query: ListExecutionsQuery): Promise<ExecutionPageResponse> {
    const filter = { ...query, clientId: ownerSeenBy(caller), spaces: caller.spaces };
    const { total, items } = await this.query.page(filter, sliceOf(query));
    return { total, page: query.page, page_size: query.page_size, executions: items.map(summaryOf) };
  }

  /** @throws NotFoundError (1010) */
  async get(caller: Caller, id: string): Promise<ExecutionDetailsResponse> {
    const record = await this.repository.find(id, ownerSeenBy(caller), caller.spaces);
    if (!record) throw new NotFoundError('No such execution');
    return detailsOf(record);
  }

  /** One that is finished stays as it is. @throws NotFoundError (1010) */
  async cancel(caller: Caller, id: string): Promise<ExecutionDetailsResponse> {
    await this.get(caller, id);
    if (await this.repository.cancel(id)) this.running.cancel(id);
    return this.get(caller, id);
  }
}

/** The client whose executions alone this caller sees; undefined: those of all. */
function ownerSeenBy(caller: Caller): string | undefined {
  return caller.may('skill:manage') && caller.boundTo === undefined ? undefined : caller.clientId;
}
