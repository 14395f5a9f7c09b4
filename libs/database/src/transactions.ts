import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
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
   */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        if (attempt >= ATTEMPTS || !isTransient(error)) throw error instanceof RetryTransaction ? error.cause : error;
        await delay(Math.random() * 20 * attempt);
      }
    }
  }
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
