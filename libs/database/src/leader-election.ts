import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { type DatabaseSettings, databaseSettings } from '#config';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { ADVISORY_LOCKS } from './advisory-lock.js';
import { DatabaseServer } from './database-server.js';
import { dedicatedOptions } from './data-source-options.js';

/** Milliseconds of silence after which PostgreSQL ends the session: a leader that hangs or is cut off loses its lock. */
const SILENCE_LIMIT_MS = 5_000;
/** What a replica that stops waits for others that stop with it. */
const LAST_WITHIN_MS = 500;
const LOOK_EVERY_MS = 50;

/**
 * Which of the replicas leads: the one whose session holds an advisory lock. The session is a connection of its own, so
 * that a busy pool cannot starve it. PostgreSQL frees the lock when the session ends: at once when the process dies,
 * after 5 s when it stands still or is cut off.
 *
 * The leader writes through the session that holds the lock. Who has lost the lock has lost the session, and cannot
 * write as a leader any more (fencing).
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

  /** As of the last `campaign`. */
  get isLeader(): boolean {
    return this.leading;
  }

  /** Work on the session, one after the other: a connection answers one question at a time. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  /**
   * Takes the lead where it is free, and keeps it: call it more often than every 5 seconds, `exclusively`. Returns the
   * leader's session, undefined for everybody else. Rejects when PostgreSQL is out of reach; the lead is then lost.
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

  /** Gives the lead up, for another replica to take it. */
  async resign(): Promise<void> {
    await this.hangUp();
  }

  /** Those who stop at the same time as the leader must not look to it as if they went on. */
  async beforeApplicationShutdown(): Promise<void> {
    // Whoever is cut off from the database counts for nobody.
    await this.exclusively(() => this.countOut()).catch(() => undefined);
  }

  /**
   * Whether no other replica goes on with this database. For a replica that stops: it counts as none from now on. Takes
   * half a second more when there seem to be others, who may be stopping too.
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

  /** After `beforeApplicationShutdown`, where those who lead end their work. */
  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    await this.hangUp();
  }

  private async connect(): Promise<QueryRunner> {
    const options = dedicatedOptions(this.server.url, this.settings, SILENCE_LIMIT_MS);
    this.dataSource = await new DataSource(options).initialize();
    const runner = this.dataSource.createQueryRunner();
    // Every replica holds this one, shared: see isLastReplica.
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
    // A session that is broken already cannot be ended twice.
    await runner?.release().catch(() => undefined);
    if (dataSource?.isInitialized) await dataSource.destroy().catch(() => undefined);
  }
}
