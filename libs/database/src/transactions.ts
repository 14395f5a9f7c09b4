import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { UnavailableError } from '#common';
import {
  DataSource,
  type EntityManager,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
} from 'typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { isStale } from './bounded-client.js';
import { unwrapDriverError, getSqlState } from './database-errors.js';

const ATTEMPTS = 5;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/** A transaction, passed to every repository that takes part in it. */
export type Transaction = EntityManager;

/** Thrown by work that lost a race, such as an insert of a key that another transaction inserted. The next attempt sees it. */
export class RetryTransaction extends Error {
  constructor(cause: unknown) {
    super('the transaction lost a race and is tried again', { cause });
  }
}

@Injectable()
export class Transactions {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Commits when `work` returns, rolls back when it throws. After a deadlock, a serialization failure or a lost race it runs
   * `work` again, up to 5 times with a short random pause, so `work` must have no effect outside of `tx`.
   * @throws UnavailableError if the connection broke between two statements; the transaction has no effect then
   */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        if (isReleased(error)) throw new UnavailableError('The database went away; try again later', error);
        if (attempt >= ATTEMPTS || !isTransient(error)) throw error instanceof RetryTransaction ? error.cause : error;
        await delay(Math.random() * 20 * attempt);
      }
    }
  }
}

/** Whether TypeORM has released a broken connection, so that the next statement fails with this error, not with the cause. */
function isReleased(error: unknown): boolean {
  return error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError;
}

function isTransient(error: unknown): boolean {
  const state = getSqlState(error);
  return (
    error instanceof RetryTransaction ||
    state === SERIALIZATION_FAILURE ||
    state === DEADLOCK_DETECTED ||
    isStale(unwrapDriverError(error))
  );
}
