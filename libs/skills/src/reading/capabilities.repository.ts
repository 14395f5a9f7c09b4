import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Caller } from '#auth';
import { CursorScope, isUuid, type Page, readTotal, toSlice } from '#common';
import { Conditions, Keyset, type Transaction } from '#database';
import { DataSource } from 'typeorm';
import { SharedReads } from '../catalogue/index.js';
import { completeCapability } from './complete-capability.js';
import { countTotal } from './count-total.js';
import type { CapabilityStatus } from '../model/capability.entity.js';
import { matchesName } from './skill-filter.sql.js';
import { CAPABILITY_JSON } from './skill-sql.js';
import { addPartConditions, exactFacets } from './part-filters.sql.js';
import type { ListCapabilitiesQuery } from './skill.query.js';
import { type Deprecation, shownDeprecated } from '../model/deprecation.js';
import type { CapabilityResponse, ListedCapabilityResponse } from '../model/capability.response.js';
import { inSpaces } from './spaces.js';

interface ListedRow {
  capability: CapabilityResponse;
  deprecation: Deprecation | null;
  cursor_keys: string[];
}

/** A capability, and whether the caller may change it. */
export interface CapabilityKeys {
  id: string;
  external_id: string | null;
  skill_id: string;
  changeable: boolean;
}

/** Reads capabilities of all Skills, and changes their status. */
@Injectable()
export class CapabilitiesRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly reads: SharedReads,
  ) {}

  /** `spaces`: of the Skills; undefined: everywhere. */
  page(query: ListCapabilitiesQuery, spaces: readonly string[] | undefined): Promise<Page<ListedCapabilityResponse>> {
    const where = new Conditions();
    if (query.name !== undefined) where.add(matchesName('c.name', query.name, where.bind));
    if (query.category !== undefined) where.add(matchesName('c.category', query.category, where.bind));
    if (query.skill_id !== undefined) where.add(`c.skill_id = ${where.bind(query.skill_id)}`);
    if (query.status !== undefined) where.add(`c.status = ${where.bind(query.status)}`);
    if (query.deprecated !== undefined) {
      where.add(`c.skill_id ${query.deprecated === 'true' ? '' : 'NOT '}IN (SELECT id FROM skills WHERE deprecated)`);
    }
    const ofSkills = where.sharing();
    if (spaces) ofSkills.add(inSpaces('s.space_id', spaces, where.bind));
    addPartConditions(query, ofSkills);
    const facets = exactFacets(query);
    if (facets.length > 0) ofSkills.add(`s.facets @> ${where.bind(facets)}::bigint[]`);
    if (!ofSkills.isEmpty) where.add(`c.skill_id IN (SELECT s.id FROM skills s ${ofSkills.toString()})`);
    const slice = toSlice(query);
    const count: [text: string, parameters: unknown[]] = [
      `SELECT count(*)::int AS total FROM capabilities c ${where.toString()}`,
      [...where.parameters],
    ];
    const keyset = new Keyset(new CursorScope('capabilities', query, 'created_at'), [
      { column: 'c.created_at', kind: 'time' },
      { column: 'c.id', kind: 'id' },
    ]);
    where.add(keyset.after(slice, where.bind));
    const ids = `SELECT c.id FROM capabilities c ${where.toString()}
      ORDER BY ${keyset.order} ${keyset.bounds(slice, where.bind)}`;
    return this.reads.share(JSON.stringify([ids, where.parameters]), async () => {
      const rows = await this.dataSource.query<ListedRow[]>(
        `WITH page AS MATERIALIZED (${ids})
         SELECT ${CAPABILITY_JSON} AS capability, s.deprecation, ${keyset.keys}
         FROM page JOIN capabilities c ON c.id = page.id JOIN skills s ON s.id = c.skill_id
         ORDER BY ${keyset.order}`,
        where.parameters,
      );
      const items = rows.slice(0, slice.limit);
      const last = rows.length > slice.limit ? items.at(-1) : undefined;
      const total =
        readTotal(slice, items.length, last !== undefined) ?? (await countTotal(this.reads, this.dataSource, ...count));
      const next = last && keyset.cursorOf(last.cursor_keys);
      return {
        total,
        items: items.map(({ capability, deprecation }) => ({
          ...completeCapability(capability),
          deprecated: shownDeprecated(deprecation),
        })),
        slice,
        next,
      };
    });
  }

  /**
   * Finds capabilities in Skills that the caller sees: the one with this UUID, or otherwise two at most with this external
   * id, first those that the caller may change.
   */
  async findByKey(
    tx: Transaction,
    { spaces, boundTo }: Caller,
    id: string,
    skillId: string | undefined,
  ): Promise<CapabilityKeys[]> {
    const rows = await tx.query<(CapabilityKeys & { exact: boolean | null })[]>(
      `SELECT c.id, c.external_id, c.skill_id, c.id = $1::uuid AS exact, ($5::text IS NULL OR s.owner = $5) AS changeable
       FROM capabilities c JOIN skills s ON s.id = c.skill_id
       WHERE (c.id = $1::uuid OR c.external_id = $2) AND ($3::uuid IS NULL OR c.skill_id = $3)
         AND ($4::text[] IS NULL OR s.space_id = ANY($4))
       ORDER BY exact DESC NULLS LAST, changeable DESC LIMIT 2`,
      [isUuid(id) ? id : null, id, skillId ?? null, spaces ?? null, boundTo ?? null],
    );
    return rows[0]?.exact === true ? rows.slice(0, 1) : rows;
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
