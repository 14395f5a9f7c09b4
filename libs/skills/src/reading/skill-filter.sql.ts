import { CursorScope, listSpellings, type Slice } from '#common';
import { bindKeys, Conditions, Keyset, type SortColumn, writeKey } from '#database';
import { capabilityFacet, protocolFacet } from '../model/facets.js';
import { searchQuery } from '../model/search-document.js';
import { addPartConditions, exactFacets } from './part-filters.sql.js';
import { inNfc, type SkillFilter } from './skill.query.js';
import { inSpaces, type SpacedFilter } from './spaces.js';
import { exactBuild, LATEST, versionBounds } from '../model/version-range.js';

/** Discovery leaves out Skills that cannot be called; lists leave out Skills whose endpoints are all unhealthy. */
export interface FilterMode {
  callableOnly: boolean;
}

/** Most matches of a free text search that are ranked. Ranking more would take too long. */
export const MAX_RANKED = 10_000;

const DEPRECATED = { column: 's.deprecated', kind: 'boolean' } as const;
const ID = { column: 's.id', kind: 'id' } as const;
const SORT_COLUMNS = {
  created_at: { column: 's.created_at', kind: 'time' },
  updated_at: { column: 's.updated_at', kind: 'time' },
  name: { column: 's.name', kind: 'text' },
  version: { column: 's.version_key', kind: 'numbers' },
} as const satisfies Record<string, SortColumn>;
/** The keys of a cursor in the order of relevance: whether it is deprecated, rank, id, and the last id that was ranked. */
const RANK = [
  { column: 's.late', kind: 'boolean' },
  { column: 's.rank', kind: 'float' },
  ID,
  ID,
] as const satisfies SortColumn[];
/** Instead of the last id that was ranked: all were. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** A page of Skills, as SQL. */
export interface SkillPage {
  /** Selects `id` and `ranked`: how many matches were ranked, which is all there are if it is less than MAX_RANKED; or null. */
  ids: string;
  /** Selects the keys of a row as `cursor_keys`, where `page` has what `ids` selects, and `s` the Skill. */
  keys: string;
  /** The cursor behind the row with these keys. */
  next: (last: readonly string[], hasMore: boolean) => string | undefined;
}

const SKILLS = 'skills s';
/** A search by text alone reads only the documents, and then leaves out the few Skills that do not match. */
const TEXTS = '(SELECT skill_id AS id, document FROM skill_search) s';
const NOT_DEAD = 'NOT EXISTS (SELECT FROM skills d WHERE d.id = s.id AND NOT d.has_live)';
/** Served by ix_skills_undiscoverable. */
const NOT_UNDISCOVERABLE = `NOT EXISTS (SELECT FROM skills d WHERE d.id = s.id AND (NOT d.callable OR d.status <> 'active'))`;
/** The documents do not say it. */
const IS_DEPRECATED = 's.id IN (SELECT id FROM skills WHERE deprecated)';
const BOTH = '(SELECT s.*, f.document FROM skills s JOIN skill_search f ON f.skill_id = s.id) s';

/** A filter as SQL over Skills `s`, with their search document where there is free text. */
export class SkillSelection {
  private readonly where = new Conditions();
  /** The conditions as text. */
  private readonly matching: string;
  private readonly from: string;
  private readonly query: string | undefined;
  private readonly list: string;
  /** The parameters of the request, without what follows from the caller. */
  private readonly asked: SkillFilter;

  constructor(
    private readonly filter: SpacedFilter,
    private readonly mode: FilterMode,
  ) {
    const { callableOnly } = mode;
    const { spaces: _spaces, ...asked } = filter;
    this.asked = asked;
    this.list = callableOnly ? 'discover' : 'skills';
    if (filter.spaces) this.where.add(inSpaces('s.space_id', filter.spaces, (value) => this.bind(value)));
    if (filter.name !== undefined) this.where.add(matchesName('s.name', filter.name, (value) => this.bind(value)));
    if (filter.deprecated !== undefined)
      this.where.add(filter.deprecated === 'true' ? 's.deprecated' : 'NOT s.deprecated');
    const isLatest = filter.version === LATEST;
    if (filter.version !== undefined && !isLatest) this.where.add(versionCondition(filter.version, this.where));
    addPartConditions(filter, this.where);
    const dead = filter.include === 'unhealthy';
    if (callableOnly && dead) this.where.add('s.has_active');
    const facets = buildFacets(inNfc(filter), callableOnly);
    // Older releases stored the names of capabilities as they came.
    const other = buildFacets(filter, callableOnly);
    const alternatives = other.join() === facets.join() ? [facets] : [facets, other];
    if (facets.length > 0) {
      this.where.add(`(${alternatives.map((some) => `s.facets @> ${this.bind(some)}::bigint[]`).join(' OR ')})`);
    }
    if (dead && filter.protocol !== undefined) this.where.add(activeEndpoint(this.bind(filter.protocol)));
    const isUsual = filter.status === (callableOnly ? 'active' : undefined);
    const textsAlone =
      filter.q !== undefined && isUsual && !isLatest && this.where.isEmpty && filter.sort === undefined;
    if (filter.status !== undefined && !textsAlone) this.where.add(`s.status = ${this.bind(filter.status)}`);
    this.from = filter.q === undefined ? SKILLS : textsAlone ? TEXTS : BOTH;
    if (!dead) this.where.add(aliveCondition(callableOnly, textsAlone));
    if (filter.q !== undefined) {
      this.query = `${this.bind(searchQuery(filter.q))}::tsquery`;
      this.where.add(`s.document @@ ${this.query}`);
    }
    this.matching = isLatest ? newestOf(this.from, this.where) : this.where.toString();
  }

  get parameters(): unknown[] {
    return this.where.parameters;
  }

  /** Selects the number of matches. */
  count(): string {
    return `SELECT count(*)::int AS total FROM ${this.from} ${this.matching}`;
  }

  /**
   * Selects the `id`s of a slice and of one row more, in order. The best of a free text search come first among its first
   * MAX_RANKED matches; the others follow in the order of creation. Discovery puts deprecated Skills last. When another order is
   * asked for, neither counts.
   * Call it once. @throws BadParameterError (1001) for a wrong cursor
   */
  page(slice: Slice): SkillPage {
    if (this.query !== undefined && this.filter.sort === undefined) {
      const scope = new CursorScope(this.list, this.asked, 'relevance');
      const cursor = slice.cursor === undefined ? undefined : scope.read(slice.cursor);
      const isRanked = cursor ? cursor.length === RANK.length : slice.offset + slice.limit <= MAX_RANKED;
      if (isRanked) return this.rankedPage(scope, cursor, slice);
      return this.sortedPage(new Keyset(scope, [ID]), slice);
    }
    const { sort } = this.filter;
    if (sort === undefined) {
      const columns = [...(this.mode.callableOnly ? [DEPRECATED] : []), SORT_COLUMNS.created_at, ID];
      return this.sortedPage(new Keyset(new CursorScope(this.list, this.asked, 'created_at'), columns), slice);
    }
    const isDescending = sort.startsWith('-');
    const column = SORT_COLUMNS[(isDescending ? sort.slice(1) : sort) as keyof typeof SORT_COLUMNS];
    const scope = new CursorScope(this.list, this.asked, sort);
    return this.sortedPage(new Keyset(scope, [column, ID], isDescending ? 'DESC' : 'ASC'), slice);
  }

  private sortedPage(keyset: Keyset, slice: Slice): SkillPage {
    const matches = this.matches(keyset.after(slice, this.where.bind));
    return {
      ids: `SELECT s.id, NULL::int AS ranked ${matches}
        ORDER BY ${keyset.order} ${keyset.bounds(slice, this.where.bind)}`,
      keys: keyset.keys,
      next: (last, hasMore) => (hasMore ? keyset.cursorOf(last) : undefined),
    };
  }

  /**
   * Ranks the first MAX_RANKED matches by their ids, which are in the order of creation (UUID v7). If there are more matches, the
   * cursor has the id of the last one that was ranked, so that the same ones are ranked for each page; those behind it come last.
   */
  private rankedPage(scope: CursorScope, cursor: readonly string[] | undefined, slice: Slice): SkillPage {
    const keyset = new Keyset(scope, [ID]);
    const [late, rank, id, end] = cursor ? bindKeys(RANK, cursor, this.where.bind) : [];
    const matches = this.matches(end && `s.id <= ${end}`);
    const behind = `s.rank < ${rank} OR s.rank = ${rank} AND s.id > ${id}`;
    const after = late === undefined ? '' : `WHERE s.late > ${late} OR s.late = ${late} AND (${behind})`;
    const isLate = this.mode.callableOnly ? IS_DEPRECATED : 'false';
    const ranked = `SELECT s.id, ${isLate} AS late, ts_rank(s.document, ${this.query ?? ''}) AS rank ${matches}
      ORDER BY s.id LIMIT ${MAX_RANKED}`;
    const isWhole = `count(*) OVER () < ${MAX_RANKED}`;
    return {
      ids: `SELECT s.id, s.late, s.rank, (count(*) OVER ())::int AS ranked,
          ${end ?? `CASE WHEN ${isWhole} THEN '${LAST_ID}' ELSE max(s.id::text COLLATE "C") OVER () END`}::text AS ranked_to
        FROM (${ranked}) s ${after} ORDER BY s.late, s.rank DESC, s.id ${keyset.bounds(slice, this.where.bind)}`,
      keys: `json_build_array(page.late::text, ${writeKey({ column: 'page.rank', kind: 'float' })}, page.id::text, page.ranked_to) AS cursor_keys`,
      next: (last, hasMore) => {
        if (hasMore) return keyset.cursorOf(last);
        const [, , , to = cursor?.[3] ?? LAST_ID] = last;
        return to === LAST_ID ? undefined : keyset.cursorOf([to]);
      },
    };
  }

  /** FROM and WHERE of the matches; `condition` holds for those that were chosen. */
  private matches(condition: string | undefined): string {
    const and = condition && `${this.matching === '' ? 'WHERE' : 'AND'} ${condition}`;
    return `FROM ${this.from} ${this.matching} ${and ?? ''}`;
  }

  private bind(value: unknown): string {
    return this.where.bind(value);
  }
}

/** A name in NFC, or as an older release may have stored it. */
export function matchesName(column: string, name: string, bind: (value: unknown) => string): string {
  const [nfc, ...others] = listSpellings(name);
  return others.length === 0 ? `${column} = ${bind(nfc)}` : `${column} IN (${[nfc, ...others].map(bind).join(', ')})`;
}

function aliveCondition(callableOnly: boolean, textsAlone: boolean): string {
  if (textsAlone) return callableOnly ? NOT_UNDISCOVERABLE : NOT_DEAD;
  return callableOnly ? 's.callable' : 's.has_live';
}

/** Needed because facets of protocols cover only endpoints that are not unhealthy. */
export function activeEndpoint(protocol: string): string {
  return `EXISTS (SELECT FROM skill_endpoints e WHERE e.skill_id = s.id AND e.protocol = ${protocol} AND e.status = 'active')`;
}

function buildFacets(filter: SkillFilter, callableOnly: boolean): string[] {
  const { capability, category, protocol, include } = filter;
  return [
    ...(capability !== undefined || category !== undefined
      ? [capabilityFacet(capability, category, callableOnly)]
      : []),
    ...(protocol !== undefined && include === undefined ? [protocolFacet(protocol)] : []),
    ...exactFacets(filter),
  ];
}

/** Keys of prereleases are longer (ADR 0046). */
export const IS_RELEASE = 'cardinality(s.version_key) = 3';

/**
 * The version of each name among the matches that a call would get first: a prerelease only where no release matches, a deprecated one only
 * where no other is left, then the highest, and of equals the youngest.
 */
export function newestOf(from: string, where: Conditions): string {
  return `WHERE s.id IN (SELECT DISTINCT ON (s.name) s.id FROM ${from} ${where.toString()}
    ORDER BY s.name, ${IS_RELEASE} DESC, s.deprecated, s.version_key DESC, s.id DESC)`;
}

/** Skills `s` whose version is in a semver range, or is the one that the text names with its build metadata. */
export function versionCondition(text: string, where: Conditions): string {
  const exact = exactBuild(text);
  if (exact !== undefined) return `s.version = ${where.bind(exact)}`;
  const key = (version: string): string => `semver_key(${where.bind(version)})`;
  const alternatives = versionBounds(text).map(({ bounds, prereleasesOf }) => {
    const prereleases = prereleasesOf.map(
      (release) => `s.version_key >= ${key(`${release}-0`)} AND s.version_key < ${key(release)}`,
    );
    const kinds = [IS_RELEASE, ...prereleases].join(' OR ');
    return [...bounds.map(({ operator, version }) => `s.version_key ${operator} ${key(version)}`), `(${kinds})`].join(
      ' AND ',
    );
  });
  return `(${alternatives.map((alternative) => `(${alternative})`).join(' OR ')})`;
}
