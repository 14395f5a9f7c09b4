import { Injectable, Logger } from '@nestjs/common';
import { describeError } from '#common';
import type { CacheKey } from './cache-key.js';
import type { CacheStore } from './cache.store.js';
import { MemoryCacheStore } from './memory-cache.store.js';
import { RedisCacheStore } from './redis-cache.store.js';
import { RedisConnection } from './redis.connection.js';
import { RedisUnavailableError } from './redis-unavailable.error.js';

/** Since the start of the process. */
export interface CacheStats {
  /** Calls answered without a load of their own: from the store, or by sharing the load of another. */
  hits: number;
  /** Loads. */
  misses: number;
  /** Commands that the store did not carry out, and values in it that could not be read. */
  errors: number;
}

/** May tell others: `invalidate` waits for what it returns, which must not reject. */
type InvalidationListener = (ids: readonly string[]) => Promise<void> | undefined;

interface Flight {
  readonly startedAt: number;
  answer: Promise<unknown>;
}

/** How long others may join a load: one that hangs must not hang all that come later. */
const MAX_SHARED_MS = 5_000;
/** Loads at one time that are shared and stored; further ones only serve their caller. */
const MAX_FLIGHTS = 10_000;
const WARNING_INTERVAL_MS = 60_000;

/**
 * The cache: Redis, or the memory of this process without REDIS_URL. It makes things faster or does nothing: whatever
 * happens to the store, the caller gets what the loader says.
 *
 * A replica that began to load before another one wrote may store the old value after that one's `invalidate`. Like
 * everything here, it is gone when its time to live, counted from the beginning of the load, is over.
 */
@Injectable()
export class CacheProvider {
  private readonly logger = new Logger(CacheProvider.name);
  private readonly store: CacheStore;
  private readonly flights = new Map<string, Flight>();
  private readonly counters = new Map<string, CacheStats>();
  private readonly warnedAt = new Map<string, number>();
  private readonly listeners = new Map<string, InvalidationListener[]>();

  constructor(redis: RedisConnection) {
    this.store = redis.client === undefined ? new MemoryCacheStore() : new RedisCacheStore(redis, redis.client);
  }

  /**
   * The cached value, or what `load` finds, which is then cached unless it is undefined. Concurrent misses share one
   * load, and its error: treat the value as read-only, and do not load inside an open transaction.
   */
  getOrLoad<T>(key: CacheKey<T>, id: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const name = key.nameOf(id);
    const present = this.flights.get(name);
    if (present !== undefined && Date.now() - present.startedAt < MAX_SHARED_MS) {
      this.countersOf(key).hits += 1;
      return present.answer as Promise<T | undefined>;
    }
    const flight: Flight = { startedAt: Date.now(), answer: Promise.resolve() };
    if (present !== undefined || this.flights.size < MAX_FLIGHTS) this.flights.set(name, flight);
    const answer = this.answer(key, name, load, flight);
    flight.answer = answer;
    return answer;
  }

  /** Is told of what was invalidated by this process: for those who keep something of it in another form. */
  onInvalidated(key: CacheKey<unknown>, listener: InvalidationListener): void {
    this.listeners.set(key.namespace, [...(this.listeners.get(key.namespace) ?? []), listener]);
  }

  /**
   * Deletes what is cached; call it after the commit of the write. Loads in flight were started before it and may hold
   * the old value: they serve those who wait already, and are neither stored nor joined any more.
   */
  async invalidate(key: CacheKey<unknown>, ...ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    const names = ids.map((id) => key.nameOf(id));
    for (const name of names) this.flights.delete(name);
    const told = (this.listeners.get(key.namespace) ?? []).map((listener) => listener(ids));
    await Promise.all([...told, this.attempt(key, () => this.store.delete(names))]);
  }

  /** By namespace, for metrics. */
  stats(): Readonly<Record<string, CacheStats>> {
    return Object.fromEntries([...this.counters].map(([namespace, counters]) => [namespace, { ...counters }]));
  }

  private async answer<T>(
    key: CacheKey<T>,
    name: string,
    load: () => Promise<T | undefined>,
    flight: Flight,
  ): Promise<T | undefined> {
    try {
      const cached = await this.attempt(key, async () => key.valueOf(await this.store.get(name)));
      this.countersOf(key)[cached === undefined ? 'misses' : 'hits'] += 1;
      if (cached !== undefined) return cached;
      const at = Date.now();
      const value = await load();
      const ttlMs = key.remaining(at);
      if (value !== undefined && ttlMs > 0 && this.flights.get(name) === flight) {
        // Not awaited: the caller has its value, and a `get` that follows comes after it all the same.
        void this.attempt(key, () => this.store.set(name, key.entryOf(value, at), ttlMs));
      }
      return value;
    } finally {
      if (this.flights.get(name) === flight) this.flights.delete(name);
    }
  }

  /** A fault of the store makes a call slower, never fail. */
  private async attempt<R>(key: CacheKey<unknown>, command: () => Promise<R>): Promise<R | undefined> {
    try {
      return await command();
    } catch (error) {
      this.countersOf(key).errors += 1;
      // The connection has logged its outage already.
      if (!(error instanceof RedisUnavailableError)) this.warn(key, error);
      return undefined;
    }
  }

  private warn({ namespace }: CacheKey<unknown>, error: unknown): void {
    const now = performance.now();
    const last = this.warnedAt.get(namespace);
    if (last !== undefined && now - last < WARNING_INTERVAL_MS) return;
    this.warnedAt.set(namespace, now);
    this.logger.warn(`cache ${namespace}: ${describeError(error)}`);
  }

  private countersOf({ namespace }: CacheKey<unknown>): CacheStats {
    let counters = this.counters.get(namespace);
    if (counters === undefined) {
      counters = { hits: 0, misses: 0, errors: 0 };
      this.counters.set(namespace, counters);
    }
    return counters;
  }
}
