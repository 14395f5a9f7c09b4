import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { type DatabaseSettings, databaseSettings } from '#config';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { ADVISORY_LOCKS } from './advisory-lock.js';
import { DatabaseServer } from './database-server.js';
import { dedicatedOptions } from './data-source-options.js';

/** Idle milliseconds after which PostgreSQL ends the session, so that a leader that hangs or is cut off loses its lock. */
const SILENCE_LIMIT_MS = 5_000;
/** Milliseconds that a replica waits at shutdown for others that stop at the same time. */
const LAST_WITHIN_MS = 500;
const LOOK_EVERY_MS = 50;

/**
 * Elects one leader among the replicas: the one whose session holds an advisory lock. The session has its own connection, so
 * a busy pool cannot delay it. PostgreSQL frees the lock when the session ends: at once if the process dies, after 5 s if it
 * hangs or is cut off.
 *
 * The leader writes through the session that holds the lock. A replica that has lost the lock has lost the session too, so
 * it cannot write as a leader any more (fencing).
 */
@Injectable()
export class LeaderElection implements BeforeApplicationShutdown, OnApplicationShutdown {
  private dataSource: DataSource | undefined;
  private runner: QueryRunner | undefined;
  private leading = false;
  private counted = false;
  private closed = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly server: DatabaseServer,
    @Inject(databaseSettings.KEY) private readonly settings: DatabaseSettings,
  ) {}

  /** Whether this replica leads, according to the last `campaign`. */
  get isLeader(): boolean {
    return this.leading;
  }

  /** Runs work on the session, one piece after the other, because a connection runs one query at a time. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  /**
   * Takes the lead if it is free, and keeps it. Call it within `exclusively`, at least every 5 seconds. Returns the session if
   * this replica leads, otherwise undefined. Rejects if PostgreSQL is unavailable; the lead is lost then.
   */
  async campaign(): Promise<EntityManager | undefined> {
    if (this.closed) return undefined;
    try {
      const runner = (this.runner ??= await this.connect());
      if (this.leading) await runner.query('SELECT 1');
      else this.leading = await this.try(runner, 'pg_try_advisory_lock', 'leader');
      return this.leading ? runner.manager : undefined;
    } catch (error) {
      await this.hangUp();
      throw error;
    }
  }

  /** Gives up the lead, so that another replica can take it. */
  async resign(): Promise<void> {
    await this.hangUp();
  }

  /** A replica that stops with the leader must not look as if it continued. */
  async beforeApplicationShutdown(): Promise<void> {
    // Without a connection this replica does not count anyway.
    await this.exclusively(() => this.countOut()).catch(() => undefined);
  }

  /**
   * Whether no other replica continues with this database. Call it only at shutdown: this replica does not count from now on.
   * It takes half a second longer if there are other replicas, because they may be stopping too.
   */
  isLastReplica(): Promise<boolean> {
    return this.exclusively(async () => {
      const { runner } = this;
      if (runner === undefined) return false;
      await this.countOut();
      const end = performance.now() + LAST_WITHIN_MS;
      for (;;) {
        if (await this.try(runner, 'pg_try_advisory_lock', 'replicas')) {
          await runner.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCKS.replicas]);
          return true;
        }
        if (performance.now() > end) return false;
        await delay(LOOK_EVERY_MS);
      }
    });
  }

  /** Runs after `beforeApplicationShutdown`, in which the leader ends its work. */
  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    await this.hangUp();
  }

  private async connect(): Promise<QueryRunner> {
    const options = dedicatedOptions(this.server.url, this.settings, SILENCE_LIMIT_MS);
    this.dataSource = await new DataSource(options).initialize();
    const runner = this.dataSource.createQueryRunner();
    // Every replica holds this lock in shared mode; see isLastReplica.
    await runner.query('SELECT pg_advisory_lock_shared($1)', [ADVISORY_LOCKS.replicas]);
    this.counted = true;
    return runner;
  }

  private async countOut(): Promise<void> {
    if (!this.counted) return;
    this.counted = false;
    await this.runner?.query('SELECT pg_advisory_unlock_shared($1)', [ADVISORY_LOCKS.replicas]);
  }

  private async try(runner: QueryRunner, call: string, lock: 'leader' | 'replicas'): Promise<boolean> {
    const [row] = (await runner.query(`SELECT ${call}($1) AS got`, [ADVISORY_LOCKS[lock]])) as { got: boolean }[];
    return row?.got === true;
  }

  private async hangUp(): Promise<void> {
    const { dataSource, runner } = this;
    this.leading = false;
    this.runner = undefined;
    this.dataSource = undefined;
    // The session may be broken already.
    await runner?.release().catch(() => undefined);
    if (dataSource?.isInitialized) await dataSource.destroy().catch(() => undefined);
  }
}
