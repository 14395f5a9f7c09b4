import type { Conditions } from '#database';
import { metadataFacet } from '../model/facets.js';
import type { MetadataFilter, TagsFilter } from './part-filters.decorators.js';

const PRESENT = '*';
const ABSENT = '!*';

/** What a Skill's metadata and tags must be. */
export interface PartFilter {
  metadata?: MetadataFilter;
  tags?: TagsFilter;
}

/**
 * Adds conditions on the metadata and tags of Skills `s`; those with one exact value are not among them: see `exactFacets`. A
 * secret value is as if the Skill did not have the key, so that nobody can guess it.
 */
export function addPartConditions({ metadata = {}, tags }: PartFilter, where: Conditions): void {
  for (const [name, given] of Object.entries(metadata)) {
    const values = [given].flat();
    const key = name.replace(/[!~]$/, '');
    if (name.endsWith('!')) where.add(`NOT (${anyOf(key, values, where)})`);
    else if (name.endsWith('~')) where.add(contains(key, values, where));
    else if (exactFacet(name, given) === undefined) where.add(`(${anyOf(key, values, where)})`);
  }
  if (tags) where.add(`(${tags.map((all) => `s.tags @> ${where.bind(all)}::text[]`).join(' OR ')})`);
}

/** The facets of the conditions with one exact value: one index serves them together with other facets. */
export function exactFacets({ metadata = {} }: PartFilter): string[] {
  return Object.entries(metadata).flatMap(([name, given]) => exactFacet(name, given) ?? []);
}

function exactFacet(name: string, given: string | readonly string[]): string | undefined {
  return typeof given !== 'string' || given === PRESENT || given === ABSENT || /[!~]$/.test(name)
    ? undefined
    : metadataFacet(name, given);
}

/** The key has one of these values; `*`: any value; `!*`: the Skill does not have it. */
function anyOf(key: string, values: readonly string[], where: Conditions): string {
  const exact = values.filter((value) => value !== PRESENT && value !== ABSENT);
  const facets = exact.map((value) => metadataFacet(key, value));
  return [
    ...(facets.length > 0 ? [`s.facets && ${where.bind(facets)}::bigint[]`] : []),
    ...(values.includes(PRESENT) ? [hasKey(key, where)] : []),
    ...(values.includes(ABSENT) ? [`NOT ${hasKey(key, where)}`] : []),
  ].join(' OR ');
}

/** The value of the key is a list with commas that has all items of one of these lists. */
function contains(key: string, values: readonly string[], where: Conditions): string {
  const lists = values.map((value) => value.split(',').map((item) => item.replace(/^ +| +$/g, '')));
  const all = lists.map((items) => `m.items @> ${where.bind(items)}::text[]`).join(' OR ');
  return `EXISTS (SELECT FROM (SELECT m.skill_id, regexp_split_to_array(btrim(m.value), ' *, *') AS items FROM skill_metadata m
    WHERE m.key = ${where.bind(key)} AND NOT m.secret) m WHERE m.skill_id = s.id AND (${all}))`;
}

function hasKey(key: string, where: Conditions): string {
  return `EXISTS (SELECT FROM skill_metadata m WHERE m.skill_id = s.id AND m.key = ${where.bind(key)} AND NOT m.secret)`;
}
