import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { CursorScope, type Page, toSlice } from '#common';
import { Conditions, Keyset } from '#database';
import { DataSource } from 'typeorm';
import type { AuditEntryResponse, AuditQuery } from './audit.dto.js';
import { reasonIn } from './summed-reason.js';

type EntryRow = Omit<AuditEntryResponse, 'at' | 'reason' | 'requests'> & { at: Date; reason: string | null };

/** Reads the audit log. */
@Injectable()
export class AuditRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Newest first. With `spaces`, only entries that concern no other Space. */
  async page(query: AuditQuery, spaces: readonly string[] | undefined): Promise<Page<AuditEntryResponse>> {
    const keyset = new Keyset(
      new CursorScope('audit', query, '-created_at'),
      [
        { column: 'e.created_at', kind: 'time' },
        { column: 'e.id', kind: 'id' },
      ],
      'DESC',
    );
    const select = (keys: string, rows: string): string => `WITH page AS MATERIALIZED (SELECT e.*, ${keys} ${rows})
      SELECT e.id, e.created_at AS at, e.actor, e.action, e.target, e.result, e.reason, e.before_digest,
        e.after_digest, e.trace_id, e.address, e.space_ids AS spaces, s.block_number AS block, e.cursor_keys
      FROM page e LEFT JOIN audit_seals s ON s.id = e.id ORDER BY ${keyset.order}`;
    const where = buildConditions(query, spaces);
    const page = await keyset.read<EntryRow>(this.dataSource, 'audit_entries e', where, toSlice(query), select);
    const items = page.items.map((row) => ({ ...row, ...reasonIn(row.reason), at: row.at.toISOString() }));
    return { ...page, items };
  }
}

function buildConditions(
  { actor, action, target, result, from, to }: AuditQuery,
  spaces: readonly string[] | undefined,
): Conditions {
  const where = new Conditions();
  const all: [string, unknown][] = [
    ['e.actor =', actor],
    ['e.action =', action],
    ['e.target =', target],
    ['e.result =', result],
    ['e.created_at >=', from],
    ['e.created_at <', to],
    // The first finds them by their index.
    ['e.space_ids && ', spaces],
    ['e.space_ids <@ ', spaces],
  ];
  for (const [condition, value] of all) if (value !== undefined) where.add(`${condition} ${where.bind(value)}`);
  return where;
}
