import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Conditions, portionsOf } from '#database';
import { DataSource } from 'typeorm';
import { countEdits } from '../model/count-edits.js';
import { inSpaces } from './spaces.js';

const SPACED = 'capabilities c JOIN skills s ON s.id = c.skill_id';
/** Where names come from, in SQL. Only a search in Spaces needs the Skills `s`. */
const SOURCES = {
  name: { column: 's.name', all: 'skills s', spaced: 'skills s' },
  capability: { column: 'c.name', all: 'capabilities c', spaced: SPACED },
  category: { column: 'c.category', all: 'capabilities c', spaced: SPACED },
} as const;
export type NamedPart = keyof typeof SOURCES;

/** Names of about the same length that one search compares. */
const MAX_COMPARED = 100_000;
/** Names that are compared before other work gets its turn: some milliseconds. */
const PORTION = 500;
const MAX_NEAR = 5;
/** Characters of a name that count. */
const MAX_LENGTH = 64;
/** Characters that separate words in names. They do not count. */
const SEPARATORS = /[ \-_./:@]/g;

/** Finds names that look like one that does not exist: explain=true and search say "did you mean". */
@Injectable()
export class NearNames {
  private last: Promise<unknown> = Promise.resolve();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Returns up to 5 names in these Spaces (undefined: everywhere), the nearest first. Undefined: the name itself exists. It reads
   * only names in these Spaces, so no other name changes the answer. One search runs at a time: each looks at up to 100,000
   * names, on one connection (docs/adr/0049).
   */
  async find(part: NamedPart, asked: string, spaces: readonly string[] | undefined): Promise<string[] | undefined> {
    const { column, ...tables } = SOURCES[part];
    const from = spaces ? tables.spaced : tables.all;
    const where = new Conditions();
    if (spaces) where.add(inSpaces('s.space_id', spaces, where.bind));
    const exact = new Conditions([...where.parameters]);
    const named = `${where.isEmpty ? 'WHERE' : `${where.toString()} AND`} ${column} = ${exact.bind(asked)}`;
    const existing = await this.dataSource.query<unknown[]>(`SELECT FROM ${from} ${named} LIMIT 1`, exact.parameters);
    if (existing.length > 0) return undefined;
    const folded = fold(asked);
    const [shortest, longest] = lengthsNear(folded.length);
    where.add(`char_length(${column}) BETWEEN ${where.bind(shortest)}::int AND ${where.bind(longest)}::int`);
    const query = `SELECT DISTINCT ${column} AS name FROM ${from} ${where.toString()} LIMIT ${MAX_COMPARED}`;
    return this.inTurn(() => this.findNearest(folded, query, where.parameters));
  }

  private inTurn<T>(search: () => Promise<T>): Promise<T> {
    const turn = this.last.then(search, search);
    this.last = turn;
    return turn;
  }

  private findNearest(folded: string, query: string, parameters: unknown[]): Promise<string[]> {
    return this.dataSource.transaction(async (tx) => {
      const nearest = new Nearest(folded);
      for await (const names of portionsOf<{ name: string }>(tx, query, parameters, PORTION)) {
        for (const { name } of names) nearest.compare(name);
      }
      return nearest.names;
    });
  }
}

/** Keeps the names with the fewest mistakes; of equal ones, those that come first in the order of characters. */
class Nearest {
  private readonly best: { name: string; mistakes: number }[] = [];

  constructor(private readonly folded: string) {}

  get names(): string[] {
    return this.best.map(({ name }) => name);
  }

  compare(name: string): void {
    const folded = fold(name);
    // What is worse than all that are kept need not be counted to its end.
    const worst = this.best.length < MAX_NEAR ? Infinity : (this.best.at(-1)?.mistakes ?? Infinity);
    const most = Math.min(worst, tolerance(Math.max(this.folded.length, folded.length)));
    const mistakes = countEdits(this.folded, folded, most);
    if (mistakes > most) return;
    this.best.push({ name, mistakes });
    this.best.sort((a, b) => a.mistakes - b.mistakes || (a.name < b.name ? -1 : 1));
    this.best.splice(MAX_NEAR);
  }
}

function fold(name: string): string {
  return name.normalize('NFKC').toLowerCase().replace(SEPARATORS, '').slice(0, MAX_LENGTH);
}

/** Lengths of names within the tolerance, with as many separators as other characters. Of longer names the beginning counts. */
function lengthsNear(length: number): [shortest: number, longest: number] {
  const shortest = Math.floor((length - tolerance(length)) / 2);
  return [shortest, length === MAX_LENGTH ? 255 : 2 * (length + tolerance(length) + 1)];
}

/** Mistakes in a name of this length. */
function tolerance(length: number): number {
  return length < 3 ? 0 : Math.max(1, Math.floor(length / 4));
}
