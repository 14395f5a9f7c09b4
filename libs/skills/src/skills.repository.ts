import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Page, Slice } from '#common';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';
import { type FilterMode, SkillSelection } from './skill-filter.sql.js';
import { LIVE_SKILL_COLUMNS, SKILL_COLUMNS } from './skill-sql.js';
import type { SkillStatus } from './skill.entity.js';
import type { SpacedFilter } from './spaces.js';
import type { CapabilityResponse, EndpointResponse, SkillResponse } from './skill.response.js';

interface SkillRow {
  id: string;
  name: string;
  description: string;
  version: string;
  status: SkillStatus;
  owner: string;
  space_id: string | null;
  generation: number;
  revision: number;
  registered_at: Date;
  last_heartbeat: Date | null;
  created_at: Date;
  updated_at: Date;
  endpoints: EndpointResponse[];
  capabilities: CapabilityResponse[];
  metadata: Record<string, string>;
}

/** A Skill as it is answered, and the tag of this state of it. */
export interface TaggedSkill {
  skill: SkillResponse;
  etag: string;
}

/** Reads Skills. */
@Injectable()
export class SkillsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** One Skill with all its parts; within `tx`, as that transaction sees it. */
  async find(skillId: string, tx: Pick<Transaction, 'query'> = this.dataSource): Promise<TaggedSkill | undefined> {
    const [row] = await tx.query<SkillRow[]>(`SELECT ${SKILL_COLUMNS} FROM skills s WHERE s.id = $1`, [skillId]);
    return row && { skill: toSkill(row), etag: etagOf(row) };
  }

  /** A slice of the Skills that pass the filter, and how many pass. Two queries, side by side. */
  async page(filter: SpacedFilter, mode: FilterMode, slice: Slice): Promise<Page<SkillResponse>> {
    const [items, total] = await Promise.all([this.slice(filter, mode, slice), this.count(filter, mode)]);
    return { total, items, slice };
  }

  private async slice(filter: SpacedFilter, mode: FilterMode, { offset, limit }: Slice): Promise<SkillResponse[]> {
    const selection = new SkillSelection(filter, mode);
    // The ids first: the parts are then read for this page only.
    const rows = await this.dataSource.query<SkillRow[]>(
      `WITH page AS MATERIALIZED (
         SELECT p.id, row_number() OVER () AS place FROM (${selection.ids(offset, limit)}) p)
       SELECT ${filter.include === undefined ? LIVE_SKILL_COLUMNS : SKILL_COLUMNS} FROM page JOIN skills s ON s.id = page.id ORDER BY page.place`,
      selection.parameters,
    );
    return rows.map(toSkill);
  }

  private async count(filter: SpacedFilter, mode: FilterMode): Promise<number> {
    const selection = new SkillSelection(filter, mode);
    const [row] = await this.dataSource.query<{ total: number }[]>(selection.count(), selection.parameters);
    return row?.total ?? 0;
  }

  /** How many Skills there are of each status. */
  async countByStatus(): Promise<{ status: SkillStatus; count: number }[]> {
    return await this.dataSource.query<
      {
        status: SkillStatus;
        count: number;
      }[]
    >('SELECT status, count(*)::int AS count FROM skills GROUP BY status');
  }
}

function etagOf({ generation, revision }: SkillRow): string {
  return `"${generation}.${revision}"`;
}

function toSkill(row: SkillRow): SkillResponse {
  return {
    skill_id: row.id,
    id: row.id,
    name: row.name,
    description: row.description,
    version: row.version,
    status: row.status,
    owner: row.owner,
    space_id: row.space_id,
    generation: row.generation,
    endpoints: row.endpoints,
    capabilities: row.capabilities,
    metadata: row.metadata,
    registered_at: row.registered_at.toISOString(),
    last_heartbeat: row.last_heartbeat?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
