import type { DataSource } from 'typeorm';
import type { SharedReads } from '../catalogue/index.js';

/** The `total` that a query counts: asked once until something changes, however many pages are read. */
export function counted(
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
