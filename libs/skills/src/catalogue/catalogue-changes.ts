import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { RedisConnection } from '#cache';
import { PeriodicJob } from '#scheduling';
import { ChangeFeed } from './change-feed.js';
import { ChangeLog } from './change-log.js';

/** Milliseconds between two checks whether a message of another replica was lost. */
const POLL_EVERY_MS = 250;
/** Milliseconds in which changes of other replicas are collected before lists are read again. */
const LISTS_WAIT_MS = 100;
/**
 * Milliseconds that a result may be used, counted from before its read, even without any announced change: a replica may
 * crash between its commit and its message. AI Bridge v0.6.0 allows metadata of a Skill to be 30 seconds old.
 */
const MAX_AGE_MS = 25_000;

/** The moment before a read. */
export interface ReadStart {
  readonly change: number;
  /** By `performance.now()`. */
  readonly at: number;
}

/** Gets the ids of the Skills that this replica changed. */
type AnnouncementListener = (skillIds: readonly string[]) => void;

/** Number of changes by the way in which this replica learned of them. */
export interface ChangeCounts {
  own: number;
  heard: number;
  missed: number;
}

/**
 * The change bus of the catalogue. Writers announce which Skills they changed; readers ask whether an earlier result still
 * holds. A change of this replica counts at once, before the client gets its answer; a change of another replica within a
 * second. While Redis is configured but out of reach, no earlier result holds.
 */
@Injectable()
export class CatalogueChanges implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly counts: ChangeCounts = { own: 0, heard: 0, missed: 0 };
  private readonly log = new ChangeLog();
  /** Undefined without Redis: then there is one replica. */
  private readonly feed: ChangeFeed | undefined;
  private readonly job: PeriodicJob;
  private readonly listeners: AnnouncementListener[] = [];
  private listsTimer: NodeJS.Timeout | undefined;

  constructor(redis: RedisConnection, scheduler: SchedulerRegistry) {
    if (redis.isConfigured) this.feed = new ChangeFeed(redis, 'catalogue', this);
    const options = {
      name: 'catalogue',
      everyMs: POLL_EVERY_MS,
      context: 'catalogue',
      subject: 'Hearing of the changes of other replicas',
    };
    this.job = new PeriodicJob(scheduler, options, () => this.feed?.poll() ?? Promise.resolve());
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

  /**
   * Announces that this replica changed or created Skills. Call it after the commit. It takes effect here at once; the
   * promise waits a quarter of a second at most for Redis, and never rejects.
   */
  async announce(skillIds: readonly string[]): Promise<void> {
    if (skillIds.length === 0) return;
    this.counts.own += 1;
    this.log.changed(skillIds);
    for (const listener of this.listeners) listener(skillIds);
    await this.feed?.publish(skillIds);
  }

  /** Calls `listener` for every change that this replica announces. */
  onAnnounced(listener: AnnouncementListener): void {
    this.listeners.push(listener);
  }

  /** Call it before a read whose result is kept. */
  start(): ReadStart {
    return { change: this.log.now, at: performance.now() };
  }

  /** Whether a result that was read then, of one Skill or of all, may be used now. */
  holds({ change, at }: ReadStart, skillId?: string): boolean {
    return this.isCurrent && performance.now() - at < MAX_AGE_MS && this.log.isUnchanged(change, skillId);
  }

  /** Whether this replica hears of the changes of others. */
  get isCurrent(): boolean {
    return this.feed?.isCurrent ?? true;
  }

  /** Another replica changed these. Lists wait for more changes: otherwise each one would make them be read again. */
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
