import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { CursorScope, Page, Slice } from '#common';
import { Conditions, Keyset } from '#database';
import { DataSource } from 'typeorm';
import { type ExecutionDetailsResponse, toDetails } from './execution.response.js';
import { EXECUTION_COLUMNS, type ExecutionRecord } from './execution-record.js';
import type { CallbackStatus } from '../callbacks/callback.entity.js';
import { type ExecutionStatus, FORMER_COMPLETED } from './execution.entity.js';
import { type CachedExecution, FinishedExecutions } from './finished-executions.js';

/** All given filters must match. */
export interface ExecutionFilter {
  /** Undefined: of any client. */
  clientId: string | undefined;
  /** Of Skills in these Spaces; undefined: of all Skills. */
  spaces: readonly string[] | undefined;
  status?: ExecutionStatus;
  skill_id?: string;
  capability?: string;
  command_id?: string;
  callback_status?: CallbackStatus;
  from?: string;
  to?: string;
}

/** Reads executions. */
@Injectable()
export class ExecutionsQuery {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly finished: FinishedExecutions,
  ) {}

  /** Returns undefined if there is none of this client in these Spaces; undefined: any client, any Space. */
  async find(
    id: string,
    clientId: string | undefined,
    spaces: readonly string[] | undefined,
  ): Promise<ExecutionDetailsResponse | undefined> {
    const cached = await this.finished.find(id);
    if (cached) return isVisible(cached, clientId, spaces) ? cached.details : undefined;
    const [record] = await this.dataSource.query<ExecutionRecord[]>(
      `SELECT ${EXECUTION_COLUMNS} FROM executions e WHERE e.id = $1`,
      [id],
    );
    if (!record || !isVisible({ clientId: record.client_id, spaceId: record.space_id }, clientId, spaces))
      return undefined;
    this.finished.keep(record);
    return toDetails(record);
  }

  /** Lists executions, the newest first: ids are in the order of creation (UUID v7). */
  async page(filter: ExecutionFilter, scope: CursorScope, slice: Slice): Promise<Page<ExecutionRecord>> {
    const { clientId, spaces, status, skill_id, capability, command_id, callback_status, from, to } = filter;
    const where = new Conditions();
    const all: [string, unknown][] = [
      ['e.client_id = ?', clientId],
      ['e.space_id = ANY (?)', spaces],
      ['e.status = ANY (?)', status && storedWords(status)],
      ['e.skill_id = ?', skill_id],
      ['e.capability_name = ?', capability],
      ['e.command_id = ?', command_id],
      ['e.id IN (SELECT c.execution_id FROM callbacks c WHERE c.status = ?)', callback_status],
      ['e.created_at >= ?', from],
      ['e.created_at < ?', to],
    ];
    for (const [condition, value] of all) if (value !== undefined) where.add(condition.replace('?', where.bind(value)));
    const keyset = new Keyset(scope, [{ column: 'e.id', kind: 'id' }], 'DESC');
    const select = (keys: string, rows: string): string => `SELECT ${EXECUTION_COLUMNS}, ${keys} ${rows}`;
    return keyset.read(this.dataSource, 'executions e', where, slice, select);
  }
}

/** Rows of earlier releases have the former word. */
function storedWords(status: ExecutionStatus): string[] {
  return status === 'completed' ? [status, FORMER_COMPLETED] : [status];
}

function isVisible(
  execution: Pick<CachedExecution, 'clientId' | 'spaceId'>,
  clientId: string | undefined,
  spaces: readonly string[] | undefined,
): boolean {
  if (clientId !== undefined && clientId !== execution.clientId) return false;
  return spaces === undefined || (execution.spaceId !== null && spaces.includes(execution.spaceId));
}
