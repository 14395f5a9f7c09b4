import type { DataSource } from 'typeorm';
import type { SharedReads } from '../catalogue/index.js';

/** Runs a query that counts `total`. The result is kept until something changes, for all pages of a list. */
export function countTotal(
  reads: SharedReads,
  dataSource: DataSource,
  text: string,
  parameters: unknown[],
): Promise<number> {
  return reads.count(JSON.stringify([text, parameters]), async () => {
    const [row] = await dataSource.query<{ total: number }[]>(text, parameters);
    return row?.total ?? 0;
  });
}
