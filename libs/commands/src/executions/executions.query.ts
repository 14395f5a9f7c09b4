import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Page, Slice } from '#common';
import { DataSource } from 'typeorm';
import { EXECUTION_COLUMNS, type ExecutionRecord } from './execution-record.js';
import type { CallbackStatus } from '../callbacks/callback.entity.js';
import type { ExecutionStatus } from './execution.entity.js';

/** All that is given must hold. */
export interface ExecutionFilter {
  /** Of one client; undefined: of any. */
  clientId: string | undefined;
  /** Of Skills in these Spaces; undefined: anywhere. */
  spaces: readonly string[] | undefined;
  status?: ExecutionStatus;
  skill_id?: string;
  capability?: string;
  command_id?: string;
  callback_status?: CallbackStatus;
  from?: string;
  to?: string;
}

/** Lists executions, the newest first: ids are in the order of creation (UUID v7). */
@Injectable()
export class ExecutionsQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async page(filter: ExecutionFilter, slice: Slice): Promise<Page<ExecutionRecord>> {
    const { clientId, spaces, status, skill_id, capability, command_id, callback_status, from, to } = filter;
    const given: [string, unknown][] = [
      ['e.client_id = ?', clientId],
      ['e.space_id = ANY (?)', spaces],
      ['e.status = ?', status],
      ['e.skill_id = ?', skill_id],
      ['e.capability_name = ?', capability],
      ['e.command_id = ?', command_id],
      ['e.id IN (SELECT c.execution_id FROM callbacks c WHERE c.status = ?)', callback_status],
      ['e.created_at >= ?', from],
      ['e.created_at < ?', to],
    ];
    const conditions = given.filter(([, value]) => value !== undefined);
    const where =
      conditions.map(([condition], index) => condition.replace('?', `$${index + 1}`)).join(' AND ') || 'true';
    const values = conditions.map(([, value]) => value);
    const [items, [row]] = await Promise.all([
      this.dataSource.query<ExecutionRecord[]>(
        `SELECT ${EXECUTION_COLUMNS} FROM executions e WHERE ${where} ORDER BY e.id DESC
         LIMIT $${values.length + 1} OFFSET $${values.length + 2}`,
        [...values, slice.limit, slice.offset],
      ),
      this.dataSource.query<{ total: number }[]>(
        `SELECT count(*)::int AS total FROM executions e WHERE ${where}`,
        values,
      ),
    ]);
    return { total: row?.total ?? 0, items, slice };
  }
}
