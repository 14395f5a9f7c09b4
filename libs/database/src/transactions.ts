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
import { driverErrorOf, sqlStateOf } from './database-errors.js';

const ATTEMPTS = 5;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/** A unit of work, handed down to every repository that takes part. */
export type Transaction = EntityManager;

/** Thrown by work that lost a race which the next attempt will see decided (a key that another inserted meanwhile). */
export class RetryTransaction extends Error {
  constructor(cause: unknown) {
    super('the transaction lost a race and is tried again', { cause });
  }
}

@Injectable()
export class Transactions {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Commits when `work` returns, rolls back when it throws. A deadlock, a serialization failure or a lost race is
   * tried again up to 5 times with a short random pause, so `work` must have no effect outside of `tx`.
   * @throws UnavailableError when the connection broke between two statements: nothing is done then.
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

/** TypeORM takes a connection that breaks from its transaction, whose next statement then meets this instead of the loss. */
function isReleased(error: unknown): boolean {
  return error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError;
}

function isTransient(error: unknown): boolean {
  const state = sqlStateOf(error);
  return (
    error instanceof RetryTransaction ||
    state === SERIALIZATION_FAILURE ||
    state === DEADLOCK_DETECTED ||
    isStale(driverErrorOf(error))
  );
}
