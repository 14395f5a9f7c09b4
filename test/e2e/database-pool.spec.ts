import { Logger } from '@nestjs/common';
import { DatabaseSettings } from '#config';
import { dataSourceOptions, RetryTransaction, Transactions, translateDatabaseError, withAdvisoryLock } from '#database';
import type pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { until } from '../support/until.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const SETTINGS = Object.assign(new DatabaseSettings(), {
  poolSize: 2,
  maxOverflow: 2,
  connectTimeout: 500,
  statementTimeout: 400,
});

describe('the pool and transactions', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let pool: pg.Pool;
  beforeAll(async () => {
    // It says which connections were lost; losing some is what is tested.
    Logger.overrideLogger(false);
    database = await createTestDatabase();
    const options = dataSourceOptions(database.url, SETTINGS, []) as DataSourceOptions & { extra: pg.PoolConfig };
    expect(options.extra.idleTimeoutMillis).toBe(10_000);
    // Idle for 10 s in the service; a test waits for less.
    dataSource = await new DataSource({
      ...options,
      extra: { ...options.extra, idleTimeoutMillis: 50 },
    }).initialize();
    pool = (dataSource.driver as PostgresDriver).master as pg.Pool;
    await dataSource.query('CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)');
    await dataSource.query('INSERT INTO counters SELECT g, 0 FROM generate_series(1, 4) g');
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** Until the condition holds; a test that waits in vain runs into its time-out. */

  it('keeps DATABASE_POOL_SIZE connections, opens DATABASE_MAX_OVERFLOW more under load and closes them when idle', async () => {
    const sleeps = Array.from({ length: 8 }, () => dataSource.query('SELECT pg_sleep(0.1)'));
    await until(() => pool.totalCount === 4);
    expect(pool.waitingCount).toBe(4);
    await Promise.all(sleeps);
    await until(() => pool.totalCount === 2);
    await dataSource.query('SELECT pg_sleep(0.1)');
    expect(pool.totalCount).toBe(2);
  });

  it('cuts a statement off on the server after DATABASE_STATEMENT_TIMEOUT: 1008', async () => {
    const error: unknown = await dataSource.query('SELECT pg_sleep(5)').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ driverError: { code: '57014' } });
    expect(translateDatabaseError(error)).toMatchObject({ code: 1008, status: 503 });
    const others = await database.query(
      `SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(5)' AND state = 'active' AND pid <> pg_backend_pid()`,
    );
    expect(others).toEqual([]);
  });

  it('lets nobody wait for a connection longer than DATABASE_CONNECT_TIMEOUT: 1008', async () => {
    const runners = Array.from({ length: 4 }, () => dataSource.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.connect()));
    const error: unknown = await dataSource.query('SELECT 1').catch((reason: unknown) => reason);
    expect(translateDatabaseError(error)).toMatchObject({ code: 1008 });
    await Promise.all(runners.map((runner) => runner.release()));
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('survives the end of its connections: 1008 at most, then it works again', async () => {
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => dataSource.query('SELECT 1')));
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    // A pooled connection whose end has not been noticed yet costs one more caller the same.
    await until(() =>
      dataSource.query('SELECT 1').then(
        () => true,
        (reason: unknown) => {
          refusals.push(reason);
          return false;
        },
      ),
    );
    for (const reason of refusals) expect(translateDatabaseError(reason)).toMatchObject({ code: 1008 });
    expect(refusals.length).toBeLessThan(20);
  });

  it('tries a transaction again after a deadlock, and loses nothing', async () => {
    const transactions = new Transactions(dataSource);
    let attempts = 0;
    const both = async (first: number, second: number, meet: Promise<void>, arrive: () => void): Promise<void> => {
      await transactions.run(async (tx) => {
        attempts += 1;
        // The time that PostgreSQL waits before it looks for a deadlock; its default is 1 s, over our time-out.
        await tx.query(`SET LOCAL deadlock_timeout = '20ms'`);
        await tx.query('UPDATE counters SET n = n + 1 WHERE id = $1', [first]);
        arrive();
        await meet;
        await tx.query('UPDATE counters SET n = n + 1 WHERE id = $1', [second]);
      });
    };
    let arrived = 0;
    let open: () => void = () => undefined;
    const meet = new Promise<void>((resolve) => (open = resolve));
    const arrive = () => {
      arrived += 1;
      if (arrived === 2) open();
    };
    await Promise.all([both(1, 2, meet, arrive), both(2, 1, meet, arrive)]);
    expect(attempts).toBeGreaterThan(2);
    expect(await dataSource.query('SELECT n FROM counters WHERE id < 3 ORDER BY id')).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it('tries again after a serialization failure and a lost race, five times at most', async () => {
    const transactions = new Transactions(dataSource);
    let attempts = 0;
    const serialization = Object.assign(new Error('could not serialize'), { code: '40001' });
    expect(
      await transactions.run(() => ((attempts += 1) < 5 ? Promise.reject(serialization) : Promise.resolve('done'))),
    ).toBe('done');
    attempts = 0;
    const cause = new Error('somebody was faster');
    const lost = transactions.run(() => {
      attempts += 1;
      return Promise.reject(new RetryTransaction(cause));
    });
    await expect(lost).rejects.toBe(cause);
    expect(attempts).toBe(5);
  });

  it('rolls back, once, what fails otherwise', async () => {
    const transactions = new Transactions(dataSource);
    let attempts = 0;
    const failed = transactions.run(async (tx) => {
      attempts += 1;
      await tx.query('UPDATE counters SET n = 99 WHERE id = 3');
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(attempts).toBe(1);
    expect(await dataSource.query('SELECT n FROM counters WHERE id = 3')).toEqual([{ n: 0 }]);
    expect(pool.totalCount - pool.idleCount).toBe(0);
  });

  it('lets one holder of an advisory lock work at a time, and frees it after a failure', async () => {
    let running = 0;
    let most = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await dataSource.query('SELECT pg_sleep(0.01)');
      running -= 1;
      throw new Error('failed work');
    };
    const done = await Promise.allSettled([1, 2].map(() => withAdvisoryLock(dataSource, 'adminClient', work)));
    expect(done.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(most).toBe(1);
    expect(
      await database.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      ),
    ).toEqual([]);
  });
});
