import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type Page, toSlice, readTotal } from '#common';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';
import { SharedReads } from '../catalogue/index.js';
import { countTotal } from './count-total.js';
import type { CapabilityStatus } from '../model/capability.entity.js';
import { CAPABILITY_JSON, Conditions } from './skill-sql.js';
import type { ListCapabilitiesQuery } from './skill.query.js';
import type { CapabilityResponse } from '../model/skill.response.js';
import { inSpaces } from './spaces.js';

/** Reads capabilities of all Skills, and changes their status. */
@Injectable()
export class CapabilitiesRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly reads: SharedReads,
  ) {}

  /** `spaces`: of the Skills; undefined: everywhere. */
  page(query: ListCapabilitiesQuery, spaces: readonly string[] | undefined): Promise<Page<CapabilityResponse>> {
    const where = new Conditions();
    if (query.name !== undefined) where.add(`c.name = ${where.bind(query.name)}`);
    if (query.category !== undefined) where.add(`c.category = ${where.bind(query.category)}`);
    if (query.skill_id !== undefined) where.add(`c.skill_id = ${where.bind(query.skill_id)}`);
    if (query.status !== undefined) where.add(`c.status = ${where.bind(query.status)}`);
    if (spaces) {
      const condition = inSpaces('s.space_id', spaces, (value) => where.bind(value));
      where.add(`c.skill_id IN (SELECT s.id FROM skills s WHERE ${condition})`);
    }
    const slice = toSlice(query);
    const bounds = [...where.parameters, slice.limit, slice.offset];
    return this.reads.share(JSON.stringify(['capabilities', where.toString(), bounds]), async () => {
      const rows = await this.dataSource.query<{ capability: CapabilityResponse }[]>(
        `WITH page AS MATERIALIZED (
           SELECT c.id FROM capabilities c ${where.toString()}
           ORDER BY c.created_at, c.id LIMIT $${bounds.length - 1} OFFSET $${bounds.length})
         SELECT ${CAPABILITY_JSON} AS capability FROM page JOIN capabilities c ON c.id = page.id
         ORDER BY c.created_at, c.id`,
        bounds,
      );
      const count = `SELECT count(*)::int AS total FROM capabilities c ${where.toString()}`;
      const total =
        readTotal(slice, rows.length) ?? (await countTotal(this.reads, this.dataSource, count, where.parameters));
      return { total, items: rows.map(({ capability }) => capability), slice };
    });
  }

  /** Returns the id of the Skill of a capability. */
  async findSkillId(tx: Transaction, capabilityId: string): Promise<string | undefined> {
    const [row] = await tx.query<{ skill_id: string }[]>('SELECT skill_id FROM capabilities WHERE id = $1', [
      capabilityId,
    ]);
    return row?.skill_id;
  }

  /** Returns the earlier status and the time of the change, or undefined if the capability was deleted. */
  async changeStatus(
    tx: Transaction,
    capabilityId: string,
    status: CapabilityStatus,
  ): Promise<{ before: CapabilityStatus; at: Date } | undefined> {
    const [rows] = await tx.query<[{ before: CapabilityStatus; at: Date }[], number]>(
      `UPDATE capabilities c SET status = $2, updated_at = now()
       FROM (SELECT id, status FROM capabilities WHERE id = $1 FOR UPDATE) b WHERE c.id = b.id
       RETURNING b.status AS before, c.updated_at AS at`,
      [capabilityId, status],
    );
    return rows[0];
  }
}
