import { capabilityFacet, metadataFacet, protocolFacet } from '../model/facets.js';
import { searchQuery } from '../model/search-document.js';
import { Conditions } from './skill-sql.js';
import type { SkillFilter, SkillSort } from './skill.query.js';
import { inSpaces, type SpacedFilter } from './spaces.js';
import { exactBuild, LATEST, versionBounds } from '../model/version-range.js';

/** Discovery leaves out Skills that cannot be called; lists leave out Skills whose endpoints are all unhealthy. */
export interface FilterMode {
  callableOnly: boolean;
}

/** Most matches of a free text search that are ranked. Ranking more would take too long. */
export const MAX_RANKED = 10_000;

const NONE_RANKED = 'NULL::int AS ranked';
const SKILLS = 'skills s';
/** A search by text alone reads only the documents, and then leaves out the few Skills that do not match. */
const TEXTS = '(SELECT skill_id AS id, document FROM skill_search) s';
const NOT_DEAD = 'NOT EXISTS (SELECT FROM skills d WHERE d.id = s.id AND NOT d.has_live)';
/** Served by ix_skills_undiscoverable. */
const NOT_UNDISCOVERABLE = `NOT EXISTS (SELECT FROM skills d WHERE d.id = s.id AND (NOT d.callable OR d.status <> 'active'))`;
const BOTH = '(SELECT s.*, f.document FROM skills s JOIN skill_search f ON f.skill_id = s.id) s';

/** A filter as SQL over Skills `s`, with their search document where there is free text. */
export class SkillSelection {
  private readonly where = new Conditions();
  /** The conditions as text. */
  private readonly matching: string;
  private readonly from: string;
  private readonly query: string | undefined;
  private readonly sort: SkillSort | undefined;

  constructor(filter: SpacedFilter, { callableOnly }: FilterMode) {
    this.sort = filter.sort;
    if (filter.spaces) this.where.add(inSpaces('s.space_id', filter.spaces, (value) => this.bind(value)));
    if (filter.name !== undefined) this.where.add(`s.name = ${this.bind(filter.name)}`);
    const isLatest = filter.version === LATEST;
    if (filter.version !== undefined && !isLatest) this.where.add(versionCondition(filter.version, this.where));
    const dead = filter.include === 'unhealthy';
    if (callableOnly && dead) this.where.add('s.has_active');
    const facets = buildFacets(filter, callableOnly);
    if (facets.length > 0) this.where.add(`s.facets @> ${this.bind(facets)}::bigint[]`);
    if (dead && filter.protocol !== undefined) this.where.add(activeEndpoint(this.bind(filter.protocol)));
    const isUsual = filter.status === (callableOnly ? 'active' : undefined);
    const textsAlone = filter.q !== undefined && isUsual && !isLatest && this.where.isEmpty && this.sort === undefined;
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
   * Selects the `id`s of a slice, in order. The best of a free text search come first among its first MAX_RANKED
   * matches; beyond them, and when another order is asked for, relevance does not count. `ranked`: how many matches were
   * ranked, which is all there are if it is less than MAX_RANKED; null where none is.
   */
  ids(offset: number, limit: number): string {
    const bounds = `LIMIT ${this.bind(limit)} OFFSET ${this.bind(offset)}`;
    const matches = `FROM ${this.from} ${this.matching}`;
    if (this.query === undefined || this.sort !== undefined) {
      return `SELECT s.id, ${NONE_RANKED} ${matches} ORDER BY ${orderBy(this.sort ?? 'created_at')} ${bounds}`;
    }
    if (offset + limit > MAX_RANKED) return `SELECT s.id, ${NONE_RANKED} ${matches} ORDER BY s.id ${bounds}`;
    // Ids of equal rank are in the order of creation: UUID v7.
    return `SELECT s.id, (count(*) OVER ())::int AS ranked FROM (
        SELECT s.id, ts_rank(s.document, ${this.query}) AS rank ${matches} LIMIT ${MAX_RANKED}) s
      ORDER BY s.rank DESC, s.id ${bounds}`;
  }

  private bind(value: unknown): string {
    return this.where.bind(value);
  }
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
  const { capability, category, protocol, include, metadata = {} } = filter;
  return [
    ...(capability !== undefined || category !== undefined
      ? [capabilityFacet(capability, category, callableOnly)]
      : []),
    ...(protocol !== undefined && include === undefined ? [protocolFacet(protocol)] : []),
    ...Object.entries(metadata).map(([key, value]) => metadataFacet(key, value)),
  ];
}

/** Keys of prereleases are longer (ADR 0046). */
export const IS_RELEASE = 'cardinality(s.version_key) = 3';

/** The highest version of each name among the matches; a prerelease only where no release matches; of equals the youngest. */
function newestOf(from: string, where: Conditions): string {
  return `WHERE s.id IN (SELECT DISTINCT ON (s.name) s.id FROM ${from} ${where.toString()}
    ORDER BY s.name, ${IS_RELEASE} DESC, s.version_key DESC, s.id DESC)`;
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

const SORT_COLUMNS = {
  created_at: 's.created_at',
  updated_at: 's.updated_at',
  name: 's.name',
  version: 's.version_key',
} as const;

/** The id comes last: without a total order, pages would overlap. */
function orderBy(sort: SkillSort): string {
  const descending = sort.startsWith('-');
  const column = (descending ? sort.slice(1) : sort) as keyof typeof SORT_COLUMNS;
  const direction = descending ? 'DESC' : 'ASC';
  return `${SORT_COLUMNS[column]} ${direction}, s.id ${direction}`;
}
