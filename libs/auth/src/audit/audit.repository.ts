import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type Page, toSlice } from '#common';
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
    const slice = toSlice(query);
    const { where, parameters } = buildConditions(query, spaces);
    const bounds = [...parameters, slice.limit, slice.offset];
    const [rows, [count]] = await Promise.all([
      this.dataSource.query<EntryRow[]>(
        `WITH page AS MATERIALIZED (
           SELECT * FROM audit_entries e ${where} ORDER BY e.created_at DESC, e.id DESC
           LIMIT $${bounds.length - 1} OFFSET $${bounds.length})
         SELECT p.id, p.created_at AS at, p.actor, p.action, p.target, p.result, p.reason, p.before_digest,
           p.after_digest, p.trace_id, p.address, p.space_ids AS spaces, s.block_number AS block
         FROM page p LEFT JOIN audit_seals s ON s.id = p.id ORDER BY p.created_at DESC, p.id DESC`,
        bounds,
      ),
      this.dataSource.query<{ total: number }[]>(
        `SELECT count(*)::int AS total FROM audit_entries e ${where}`,
        parameters,
      ),
    ]);
    const items = rows.map((row) => ({ ...row, ...reasonIn(row.reason), at: row.at.toISOString() }));
    return { total: count?.total ?? 0, items, slice };
  }
}

function buildConditions(
  { actor, action, target, result, from, to }: AuditQuery,
  spaces: readonly string[] | undefined,
): { where: string; parameters: unknown[] } {
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
  const given = all.filter(([, value]) => value !== undefined);
  const where = given.map(([condition], index) => `${condition} $${index + 1}`).join(' AND ');
  return { where: where && `WHERE ${where}`, parameters: given.map(([, value]) => value) };
}
