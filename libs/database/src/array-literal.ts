export type ArrayElement = string | number | boolean | null | undefined;

const SPECIAL = /["\\]/;

/**
 * An array as PostgreSQL reads it, for a parameter with a cast (`$1::text[]`); undefined is NULL. Many rows travel as one
 * such array for each column, and `unnest` makes rows of them: for PostgreSQL that is several times cheaper than JSON.
 */
export function arrayLiteral(elements: readonly ArrayElement[]): string {
  return `{${elements.map(literal).join(',')}}`;
}

/** One array for each column of rows that have `width` columns. */
export function columnsOf(rows: readonly (readonly ArrayElement[])[], width: number): string[] {
  return Array.from({ length: width }, (_, column) => arrayLiteral(rows.map((row) => row[column])));
}

function literal(element: ArrayElement): string {
  if (typeof element !== 'string') return element === undefined || element === null ? 'NULL' : String(element);
  return SPECIAL.test(element) ? `"${element.replace(/["\\]/g, '\\$&')}"` : `"${element}"`;
}
