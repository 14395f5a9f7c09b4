import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { BadParameterError, newId } from '#common';
import { type Transaction, Transactions } from '#database';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';

/** A write that a client may send twice. */
export interface IdempotentRequest {
  actor: string;
  key: string | undefined;
  operation: string;
  payload: unknown;
}

/**
 * `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header). The key is stored in the same transaction as the write,
 * so a crash keeps both or neither. A second request with the key waits on the unique constraint until the first has ended. If a write fails, its key can be used again.
 */
@Injectable()
export class IdempotencyService {
  constructor(private readonly transactions: Transactions) {}

  /**
   * Runs `work` in a transaction; if the key was used before, returns the first answer instead. `work` must return plain JSON
   * data. @throws BadParameterError (1001) if the key was used for a different request
   */
  run<T>(request: IdempotentRequest, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const { key } = request;
    if (key === undefined) return this.transactions.run(work);
    const hash = createHash('sha256')
      .update(JSON.stringify([request.operation, request.payload]))
      .digest('hex');
    return this.transactions.run(async (tx) => {
      const taken = await tx.query<unknown[]>(
        `INSERT INTO idempotency_keys (id, actor, key, request_hash) VALUES ($1, $2, $3, $4)
         ON CONFLICT (actor, key) DO NOTHING RETURNING id`,
        [newId(), request.actor, key, hash],
      );
      if (taken.length === 0) return this.replay<T>(tx, request.actor, key, hash);
      const response = await work(tx);
      await tx.query('UPDATE idempotency_keys SET response = $3, updated_at = now() WHERE actor = $1 AND key = $2', [
        request.actor,
        key,
        JSON.stringify(response),
      ]);
      return response;
    });
  }

  private async replay<T>(tx: Transaction, actor: string, key: string, hash: string): Promise<T> {
    const first = await tx.findOneByOrFail(IdempotencyKeyEntity, { actor, key });
    if (first.requestHash !== hash) {
      throw new BadParameterError([{ field: 'Idempotency-Key', reason: 'was used for a different request before' }]);
    }
    return first.response as T;
  }
}
