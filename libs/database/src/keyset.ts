import { type CursorScope, type Page, type Slice, textFault, wrongCursor } from '#common';
import type { Conditions } from './conditions.js';
import type { Transaction } from './transactions.js';

/** How the values of a column travel in a cursor: as text, which becomes a value of the column's type again. */
const KINDS = {
  /** In microseconds, which is what PostgreSQL stores. */
  time: {
    write: (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint::text`,
    read: (parameter: string) => `(timestamptz 'epoch' + concat(${parameter}::text, ' microseconds')::interval)`,
    isRight: (key: string) => /^-?\d{1,17}$/.test(key),
  },
  id: {
    write: (column: string) => `${column}::text`,
    read: (parameter: string) => `${parameter}::uuid`,
    isRight: (key: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key),
  },
  text: {
    write: (column: string) => `${column}::text`,
    read: (parameter: string) => `${parameter}::text`,
    isRight: (key: string) => textFault(key, 0, 255) === undefined,
  },
  numbers: {
    write: (column: string) => `${column}::text`,
    read: (parameter: string) => `${parameter}::bigint[]`,
    isRight: (key: string) => /^\{-?\d{1,18}(,-?\d{1,18}){0,99}\}$/.test(key),
  },
  boolean: {
    write: (column: string) => `${column}::text`,
    read: (parameter: string) => `${parameter}::boolean`,
    isRight: (key: string) => /^(true|false)$/.test(key),
  },
  float: {
    write: (column: string) => `${column}::float8::text`,
    read: (parameter: string) => `${parameter}::float8`,
    isRight: (key: string) => /^\d{1,20}(\.\d{1,20})?(e-\d{1,2})?$/.test(key),
  },
} as const;

export type KeyKind = keyof typeof KINDS;

/** A column that a list is sorted by. */
export interface SortColumn {
  /** SQL. */
  column: string;
  kind: KeyKind;
}

/** Returns the placeholder of a parameter. */
type Bind = (value: unknown) => string;

/** The text of a value in a cursor, as SQL. */
export function writeKey({ column, kind }: SortColumn): string {
  return KINDS[kind].write(column);
}

/** Binds the keys of a cursor as values of the columns. @throws BadParameterError (1001) for keys of other columns */
export function bindKeys(columns: readonly SortColumn[], keys: readonly string[], bind: Bind): string[] {
  if (keys.length !== columns.length) throw wrongCursor();
  return columns.map(({ kind }, index) => {
    const { isRight, read } = KINDS[kind];
    const key = keys[index] ?? '';
    if (!isRight(key)) throw wrongCursor();
    return read(bind(key));
  });
}

/**
 * The order of a list that is read in pages, as SQL (docs/adr/0047). The last column is unique; all go in one direction, so
 * that an index serves the comparison of rows that finds the next page.
 */
export class Keyset {
  constructor(
    private readonly scope: CursorScope,
    private readonly columns: readonly SortColumn[],
    private readonly direction: 'ASC' | 'DESC' = 'ASC',
  ) {}

  /** For ORDER BY. */
  get order(): string {
    return this.columns.map(({ column }) => `${column} ${this.direction}`).join(', ');
  }

  /** Selects the keys of a row, as `cursor_keys`. */
  get keys(): string {
    return `json_build_array(${this.columns.map(writeKey).join(', ')}) AS cursor_keys`;
  }

  /** The condition for rows behind the cursor; undefined without one. @throws BadParameterError (1001) for a wrong cursor */
  after({ cursor }: Slice, bind: Bind): string | undefined {
    if (cursor === undefined) return undefined;
    const values = bindKeys(this.columns, this.scope.read(cursor), bind);
    const columns = this.columns.map(({ column }) => column);
    return `(${columns.join(', ')}) ${this.direction === 'ASC' ? '>' : '<'} (${values.join(', ')})`;
  }

  /** The cursor behind a row with these keys. */
  cursorOf(keys: readonly string[]): string {
    return this.scope.write(keys);
  }

  /** LIMIT and OFFSET of a slice: one row more, which says whether there is a next page. */
  bounds({ offset, limit }: Slice, bind: Bind): string {
    return `LIMIT ${bind(limit + 1)}${offset > 0 ? ` OFFSET ${bind(offset)}` : ''}`;
  }

  /**
   * Reads a slice of `from`, and counts all its rows. `select` writes the statement, with the columns `keys`, around `rows`:
   * FROM, WHERE, ORDER BY and LIMIT.
   */
  async read<T>(
    source: Pick<Transaction, 'query'>,
    from: string,
    where: Conditions,
    slice: Slice,
    select: (keys: string, rows: string) => string,
  ): Promise<Page<T>> {
    const count: [string, unknown[]] = [
      `SELECT count(*)::int AS total FROM ${from} ${where.toString()}`,
      [...where.parameters],
    ];
    where.add(this.after(slice, where.bind));
    const rows = `FROM ${from} ${where.toString()} ORDER BY ${this.order} ${this.bounds(slice, where.bind)}`;
    const [found, [counted]] = await Promise.all([
      source.query<(T & { cursor_keys: string[] })[]>(select(this.keys, rows), where.parameters),
      source.query<{ total: number }[]>(...count),
    ]);
    const kept = found.slice(0, slice.limit);
    const last = found.length > kept.length ? kept.at(-1) : undefined;
    const items = kept.map(({ cursor_keys: _keys, ...row }) => row as T);
    return { total: counted?.total ?? 0, items, slice, next: last && this.cursorOf(last.cursor_keys) };
  }
}
