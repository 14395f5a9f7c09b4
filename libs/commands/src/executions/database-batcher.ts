import { Batcher } from '#common';
import { isDatabaseOutage } from '#database';

/**
 * Batches writes to PostgreSQL. After an error the batch is halved, so that one bad row does not fail the others; not so in
 * a database outage, which fails all.
 */
export class DatabaseBatcher<T, R> extends Batcher<T, R> {
  constructor(work: (items: T[]) => Promise<readonly R[]>, limits: { maxBatch: number; lanes: number }) {
    super(work, { ...limits, isOfOneItem: (error) => !isDatabaseOutage(error) });
  }
}
