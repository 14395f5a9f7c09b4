import { searchQuery } from './search-document.js';
import type { Conditions } from './skill-sql.js';
import type { SkillFilter, SkillSort } from './skill.query.js';
import { versionBounds } from './version-range.js';

/** How strictly a filter looks: discovery leaves out what cannot be called. */
export interface FilterMode {
  callableOnly: boolean;
}

/** A query over skills `s`: its joins, conditions and order. */
export interface SkillSelection {
  from: string;
  order: string;
}

/** Translates a filter to SQL; every condition has an index. */
export function selectSkills(filter: SkillFilter, { callableOnly }: FilterMode, where: Conditions): SkillSelection {
  if (filter.name !== undefined) where.add(`s.name = ${where.bind(filter.name)}`);
  if (filter.status !== undefined) where.add(`s.status = ${where.bind(filter.status)}`);
  if (filter.version !== undefined) where.add(versionCondition(filter.version, where));
  addCapability(filter, callableOnly, where);
  if (filter.protocol !== undefined) {
    where.add(`EXISTS (SELECT FROM skill_endpoints e WHERE e.skill_id = s.id AND e.status = 'active'
      AND e.protocol = ${where.bind(filter.protocol)})`);
  }
  for (const [key, value] of Object.entries(filter.metadata ?? {})) {
    where.add(`EXISTS (SELECT FROM skill_metadata m WHERE m.skill_id = s.id
      AND m.key = ${where.bind(key)} AND m.value = ${where.bind(value)})`);
  }
  if (filter.q === undefined) return { from: 'skills s', order: orderBy(filter.sort ?? 'created_at') };
  const query = `${where.bind(searchQuery(filter.q))}::tsquery`;
  where.add(`f.document @@ ${query}`);
  return {
    from: 'skills s JOIN skill_search f ON f.skill_id = s.id',
    order:
      filter.sort === undefined ? `ts_rank(f.document, ${query}) DESC, ${orderBy('created_at')}` : orderBy(filter.sort),
  };
}

/** Capability and category must hold for one and the same capability. */
function addCapability({ capability, category }: SkillFilter, callableOnly: boolean, where: Conditions): void {
  if (capability === undefined && category === undefined) return;
  const conditions = ['c.skill_id = s.id'];
  if (capability !== undefined) conditions.push(`c.name = ${where.bind(capability)}`);
  if (category !== undefined) conditions.push(`c.category = ${where.bind(category)}`);
  if (callableOnly) conditions.push(`c.status = 'enabled'`);
  where.add(`EXISTS (SELECT FROM capabilities c WHERE ${conditions.join(' AND ')})`);
}

function versionCondition(range: string, where: Conditions): string {
  const alternatives = versionBounds(range).map((bounds) =>
    bounds.length === 0
      ? 'true'
      : bounds.map(({ operator, key }) => `s.version_key ${operator} ${where.bind(key)}::bigint[]`).join(' AND '),
  );
  return `(${alternatives.map((alternative) => `(${alternative})`).join(' OR ')})`;
}

const SORT_COLUMNS = {
  created_at: 's.created_at',
  updated_at: 's.updated_at',
  name: 's.name',
  version: 's.version_key',
} as const;

/** Ends with the id: without a total order, pages would overlap. */
function orderBy(sort: SkillSort): string {
  const descending = sort.startsWith('-');
  const column = (descending ? sort.slice(1) : sort) as keyof typeof SORT_COLUMNS;
  const direction = descending ? 'DESC' : 'ASC';
  return `${SORT_COLUMNS[column]} ${direction}, s.id ${direction}`;
}
