export type ArrayElement = string | number | boolean | null | undefined;

const SPECIAL = /["\\]/;

/**
 * An array as PostgreSQL reads it, for a parameter with a cast (`$1::text[]`); undefined is NULL. Many rows travel as one
 * such array for each column, and `unnest` makes rows of them: for PostgreSQL that is several times cheaper than JSON.
 */
export function arrayLiteral(elements: readonly ArrayElement[]): string {
  return `{${elements.map(literal).join(',')}}`;
}

/** One array for each column of rows that have `width` columns; say it where there may be no row. */
export function columnsOf(rows: readonly (readonly ArrayElement[])[], width = rows[0]?.length ?? 0): string[] {
  return Array.from({ length: width }, (_, column) => arrayLiteral(rows.map((row) => row[column])));
}

/**
 * SQL for the rows `x` of `columnsOf`, in parameters from `$first` on; `columns` are names with types. For prepared statements.
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
