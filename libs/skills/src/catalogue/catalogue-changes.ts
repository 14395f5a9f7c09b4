import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CacheProvider, RedisConnection } from '#cache';
import { PeriodicJob } from '#scheduling';
import { SKILL_CACHE } from '../reading/skill.cache.js';
import { ChangeFeed } from './change-feed.js';
import { ChangeLog } from './change-log.js';

/** Milliseconds between two looks whether a message of another replica was lost. */
const POLL_EVERY_MS = 250;
/** Milliseconds in which the changes of other replicas are taken together before lists are read anew. */
const LISTS_WAIT_MS = 100;
/**
 * Milliseconds that something read may be used, counted from before the read, whatever was or was not heard of changes: a
 * replica may die between its commit and its message. AI Bridge v0.6.0 allows metadata of a Skill to be 30 seconds old.
 */
const MAX_AGE_MS = 25_000;

/** The moment before a read. */
export interface ReadStart {
  readonly change: number;
  /** By `performance.now()`. */
  readonly at: number;
}

/** How many changes there were, by how this replica learned of them. */
export interface ChangeCounts {
  own: number;
  heard: number;
  missed: number;
}

/**
 * Knows whether what was read of Skills still holds. A change of this replica counts at once, before its writer is
 * answered; one of another replica within a second. While Redis is configured and away, nothing that was read holds.
 */
@Injectable()
export class CatalogueChanges implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly counts: ChangeCounts = { own: 0, heard: 0, missed: 0 };
  private readonly log = new ChangeLog();
  /** Undefined without Redis: then there is one replica. */
  private readonly feed: ChangeFeed | undefined;
  private readonly job: PeriodicJob;
  private listsTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly cache: CacheProvider,
    redis: RedisConnection,
    scheduler: SchedulerRegistry,
  ) {
    if (redis.isConfigured) this.feed = new ChangeFeed(redis, 'catalogue', this);
    const options = {
      name: 'catalogue',
      everyMs: POLL_EVERY_MS,
      context: 'catalogue',
      subject: 'Hearing of the changes of other replicas',
    };
    this.job = new PeriodicJob(scheduler, options, () => this.feed?.poll() ?? Promise.resolve());
  }

  onModuleInit(): void {
    this.cache.onInvalidated(SKILL_CACHE, (ids) => {
      this.counts.own += 1;
      this.log.changed(ids);
      return this.feed?.publish(ids);
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.feed === undefined) return;
    this.feed.start();
    this.job.start();
    await this.job.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.listsTimer);
    await this.job.stop();
    await this.feed?.stop();
  }

  /** Call it before the read whose result may be kept. */
  start(): ReadStart {
    return { change: this.log.now, at: performance.now() };
  }

  /** Whether what was read then of one Skill, or without one of all, may be used now. */
  holds({ change, at }: ReadStart, skillId?: string): boolean {
    return this.isCurrent && performance.now() - at < MAX_AGE_MS && this.log.isUnchanged(change, skillId);
  }

  /** Whether changes of other replicas are heard. */
  get isCurrent(): boolean {
    return this.feed?.isCurrent ?? true;
  }

  /** Of another replica. Lists wait for more of them: with each one they would have to be read anew. */
  changed(ids: readonly string[]): void {
    this.counts.heard += 1;
    this.log.changedAlone(ids);
    this.listsTimer ??= setTimeout(() => {
      this.listsTimer = undefined;
      this.log.listsChanged();
    }, LISTS_WAIT_MS).unref();
  }

  missed(): void {
    this.counts.missed += 1;
    this.log.allChanged();
  }
}
