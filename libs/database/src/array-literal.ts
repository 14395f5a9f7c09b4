export type ArrayElement = string | number | boolean | null | undefined;

const SPECIAL = /["\\]/;

/**
 * Returns an array literal of PostgreSQL for a parameter with a cast (`$1::text[]`); undefined becomes NULL. Send many rows as
 * one array for each column, and let `unnest` make rows of them: this costs PostgreSQL several times less than JSON.
 */
export function arrayLiteral(elements: readonly ArrayElement[]): string {
  return `{${elements.map(literal).join(',')}}`;
}

/** Returns one array for each column. Set `width`, the number of columns, if there may be no rows. */
export function columnsOf(rows: readonly (readonly ArrayElement[])[], width = rows[0]?.length ?? 0): string[] {
  return Array.from({ length: width }, (_, column) => arrayLiteral(rows.map((row) => row[column])));
}

/**
 * Returns SQL for the rows `x` of `columnsOf`, for prepared statements. Parameters start at `$first`; `columns` are names with
 * types.
 *
 * The limit changes no result. It makes PostgreSQL plan for few rows, so that it looks each of them up in an index. Without
 * it, PostgreSQL plans again for each call, or keeps a plan that scans tables which were small before.
 */
export function rowsOfArrays(columns: Readonly<Record<string, string>>, first = 1): string {
  const arrays = Object.values(columns).map((type, index) => `$${first + index}::${type}[]`);
  return `(SELECT * FROM unnest(${arrays.join(', ')}) AS x(${Object.keys(columns).join(', ')})
    LIMIT cardinality(${arrays[0] ?? ''})) x`;
}

function literal(element: ArrayElement): string {
  if (typeof element !== 'string') return element === undefined || element === null ? 'NULL' : String(element);
  return SPECIAL.test(element) ? `"${element.replace(/["\\]/g, '\\$&')}"` : `"${element}"`;
}
