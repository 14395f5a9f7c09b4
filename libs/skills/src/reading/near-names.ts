import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Conditions } from '#database';
import { DataSource } from 'typeorm';
import { inSpaces } from './spaces.js';

const SPACED = 'capabilities c JOIN skills s ON s.id = c.skill_id';
/** Where names come from, in SQL. Only a search in Spaces needs the Skills `s`. */
const SOURCES = {
  name: { column: 's.name', all: 'skills s', spaced: 'skills s' },
  capability: { column: 'c.name', all: 'capabilities c', spaced: SPACED },
  category: { column: 'c.category', all: 'capabilities c', spaced: SPACED },
} as const;
export type NamedPart = keyof typeof SOURCES;

/** Names that one search looks at. */
const MAX_SCANNED = 100_000;
/** Names that PostgreSQL returns, and that are then compared exactly. */
const MAX_CANDIDATES = 50;
const MAX_NEAR = 5;
/** Characters of a name that are compared. */
const MAX_COMPARED = 64;
/** Characters that separate words in names. They do not count. */
const SEPARATORS = ' -_./:@';

/** Finds names that look like one that does not exist. */
@Injectable()
export class NearNames {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Returns up to 5 names in these Spaces (undefined: everywhere), the nearest first. Undefined: the name itself exists.
   * PostgreSQL counts the pairs of characters that names share with it: managed databases may lack pg_trgm.
   */
  async find(part: NamedPart, asked: string, spaces: readonly string[] | undefined): Promise<string[] | undefined> {
    const { column, ...tables } = SOURCES[part];
    const from = spaces ? tables.spaced : tables.all;
    const where = new Conditions();
    if (spaces) where.add(inSpaces('s.space_id', spaces, where.bind));
    const exact = new Conditions();
    exact.add(`${column} = ${exact.bind(asked)}`);
    if (spaces) exact.add(inSpaces('s.space_id', spaces, exact.bind));
    const existing = await this.dataSource.query<unknown[]>(
      `SELECT FROM ${from} ${exact.toString()} LIMIT 1`,
      exact.parameters,
    );
    if (existing.length > 0) return undefined;
    const folded = fold(asked);
    const pairs = `${where.bind(pairsOf(folded))}::text[]`;
    const separators = where.bind(SEPARATORS);
    const rows = await this.dataSource.query<{ name: string }[]>(
      `SELECT n.name FROM (SELECT DISTINCT ${column} AS name FROM ${from} ${where.toString()} LIMIT ${MAX_SCANNED}) n,
         LATERAL (SELECT '^' || translate(lower(n.name), ${separators}, '') || '$' AS folded) f,
         LATERAL (SELECT count(*)::float8 AS shared FROM unnest(${pairs}) pair WHERE strpos(f.folded, pair) > 0) p
       WHERE p.shared > 0 ORDER BY p.shared / (char_length(f.folded) + cardinality(${pairs})) DESC, n.name LIMIT ${MAX_CANDIDATES}`,
      where.parameters,
    );
    return rows
      .map(({ name }) => ({ name, distance: distance(folded, fold(name)) }))
      .filter(({ name, distance }) => distance <= tolerance(Math.max(folded.length, fold(name).length)))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, MAX_NEAR)
      .map(({ name }) => name);
  }
}

function fold(name: string): string {
  const bare = [...name.normalize('NFKC').toLowerCase()].filter((character) => !SEPARATORS.includes(character));
  return bare.slice(0, MAX_COMPARED).join('');
}

function pairsOf(folded: string): string[] {
  const characters = [...`^${folded}$`];
  return [...new Set(characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`))];
}

/** Mistakes in a name of this length. */
function tolerance(length: number): number {
  return length < 3 ? 0 : Math.max(1, Math.floor(length / 4));
}

/** The edits that make one text of the other: a character more, less, other, or two exchanged (optimal string alignment). */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const other = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + other);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
