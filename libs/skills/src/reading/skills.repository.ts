import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type Page, type Slice, readTotal } from '#common';
import { prepared, type Transaction } from '#database';
import { DataSource } from 'typeorm';
import { SharedReads } from '../catalogue/index.js';
import { withParameters } from './complete-capability.js';
import { countTotal } from './count-total.js';
import { type FilterMode, MAX_RANKED, SkillSelection } from './skill-filter.sql.js';
import { LISTED_SKILL_COLUMNS, LIVE_SKILL_COLUMNS, SKILL_COLUMNS } from './skill-sql.js';
import { CAME_BACK, FLAPS } from '../model/flapping.js';
import type { EndpointStatus } from '../model/endpoint.entity.js';
import { type Deprecation, shownDeprecated } from '../model/deprecation.js';
import type { SkillStatus } from '../model/skill.entity.js';
import type { SpacedFilter } from './spaces.js';
import type { CapabilityResponse } from '../model/capability.response.js';
import type { EndpointResponse } from '../model/endpoint.response.js';
import type { SkillResponse, TaggedSkill } from '../model/skill.response.js';

interface SkillRow {
  id: string;
  external_id: string | null;
  name: string;
  description: string;
  version: string;
  status: SkillStatus;
  owner: string;
  space_id: string | null;
  deprecation: Deprecation | null;
  generation: number;
  revision: number;
  registered_at: Date;
  last_heartbeat: Date | null;
  created_at: Date;
  updated_at: Date;
  endpoints: EndpointResponse[];
  capabilities: CapabilityResponse[];
  metadata: Record<string, string>;
  tags: string[];
}

interface PageRow extends SkillRow {
  ranked: number | null;
  cursor_keys: string[];
  has_more: boolean;
}

const FIND = prepared('skills.find', `SELECT ${SKILL_COLUMNS} FROM skills s WHERE s.id = $1`);

/** Reads Skills. */
@Injectable()
export class SkillsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly reads: SharedReads,
  ) {}

  /** One Skill with all its parts as they are stored; within `tx`, as that transaction sees it. */
  find(skillId: string, tx?: Transaction): Promise<TaggedSkill | undefined> {
    if (tx) return this.load(skillId, tx);
    return this.reads.share(`skill ${skillId}`, () => this.load(skillId, this.dataSource), skillId);
  }

  private async load(skillId: string, tx: Pick<Transaction, 'query'>): Promise<TaggedSkill | undefined> {
    const [row] = await tx.query<SkillRow[]>(FIND, [skillId]);
    return row && { skill: toSkill(row), etag: formatEtag(row), deprecation: row.deprecation };
  }

  /** A slice of the Skills that pass the filter, and how many pass. */
  page(filter: SpacedFilter, mode: FilterMode, slice: Slice): Promise<Page<SkillResponse>> {
    const selection = new SkillSelection(filter, mode);
    // Before the bounds of the slice become parameters.
    const count: [text: string, parameters: unknown[]] = [selection.count(), [...selection.parameters]];
    const page = selection.page(slice);
    const parameters = [...selection.parameters, slice.limit];
    const limit = `$${parameters.length}::int`;
    const isLive = filter.include === undefined;
    return this.reads.share(JSON.stringify([isLive, page.ids, parameters]), async () => {
      // The ids first: the parts are then read for this page only.
      const rows = await this.dataSource.query<PageRow[]>(
        `WITH page AS MATERIALIZED (
           SELECT p.*, row_number() OVER () AS place FROM (${page.ids}) p)
         SELECT page.ranked, ${page.keys}, (SELECT max(place) FROM page) > ${limit} AS has_more,
           ${isLive ? LIVE_SKILL_COLUMNS : LISTED_SKILL_COLUMNS}
         FROM page JOIN skills s ON s.id = page.id WHERE page.place <= ${limit} ORDER BY page.place`,
        parameters,
      );
      const { cursor_keys = [], has_more = false } = rows.at(-1) ?? {};
      const total =
        readTotal(slice, rows.length, has_more) ??
        (slice.cursor === undefined ? readRankedTotal(rows) : undefined) ??
        (await countTotal(this.reads, this.dataSource, ...count));
      return { total, items: rows.map(toListed), slice, next: page.next(cursor_keys, has_more) };
    });
  }

  /** Counts the Skills of each status. */
  countByStatus(): Promise<{ status: SkillStatus; count: number }[]> {
    return this.dataSource.query('SELECT status, count(*)::int AS count FROM skills GROUP BY status');
  }

  /** Counts endpoints that flap. */
  async countFlapping(): Promise<number> {
    const [row] = await this.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM (SELECT FROM skill_events v WHERE ${CAME_BACK}
         GROUP BY v.skill_id, v.endpoint_url HAVING count(*) >= ${FLAPS}) f`,
    );
    return row?.count ?? 0;
  }

  /** Counts the endpoints of each status. */
  countEndpoints(): Promise<{ status: EndpointStatus; count: number }[]> {
    return this.dataSource.query('SELECT status, count(*)::int AS count FROM skill_endpoints GROUP BY status');
  }
}

/** Returns the total if every match was ranked, or undefined. */
function readRankedTotal([first]: readonly PageRow[]): number | undefined {
  const ranked = first?.ranked ?? MAX_RANKED;
  return ranked < MAX_RANKED ? ranked : undefined;
}

function formatEtag({ generation, revision }: SkillRow): string {
  return `"${generation}.${revision}"`;
}

/** With the parameters of schemas that are in the list. */
function toListed(row: SkillRow): SkillResponse {
  return toSkill({ ...row, capabilities: row.capabilities.map(withParameters) });
}

function toSkill(row: SkillRow): SkillResponse {
  return {
    skill_id: row.external_id ?? row.id,
    id: row.id,
    name: row.name,
    description: row.description,
    version: row.version,
    status: row.status,
    owner: row.owner,
    space_id: row.space_id,
    deprecated: shownDeprecated(row.deprecation),
    generation: row.generation,
    endpoints: row.endpoints,
    capabilities: row.capabilities,
    metadata: row.metadata,
    tags: row.tags,
    registered_at: row.registered_at.toISOString(),
    last_heartbeat: row.last_heartbeat?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
