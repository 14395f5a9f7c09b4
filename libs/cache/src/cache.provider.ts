import { Injectable, Logger } from '@nestjs/common';
import { describeError } from '#common';
import type { CacheKey } from './cache-key.js';
import type { CacheStore } from './cache.store.js';
import { MemoryCacheStore } from './memory-cache.store.js';
import { RedisCacheStore } from './redis-cache.store.js';
import { RedisConnection } from './redis.connection.js';
import { RedisUnavailableError } from './redis-unavailable.error.js';

/** Counts since the start of the process. */
export interface CacheStats {
  hits: number;
  misses: number;
  /** Commands that the store did not execute, and values that could not be read. */
  errors: number;
}

const WARNING_INTERVAL_MS = 60_000;

/**
 * Caches values that never change again, so that nothing is ever stale and no write invalidates anything
 * (docs/adr/0040). The values are in Redis, shared by all replicas, or in the memory of this process without REDIS_URL. A fault of
 * the store makes a read slower and never fails it.
 */
@Injectable()
export class CacheProvider {
  private readonly logger = new Logger(CacheProvider.name);
  private readonly store: CacheStore;
  private readonly counters = new Map<string, CacheStats>();
  private readonly warnedAt = new Map<string, number>();

  constructor(redis: RedisConnection) {
    this.store = redis.client === undefined ? new MemoryCacheStore() : new RedisCacheStore(redis, redis.client);
  }

  /** Returns undefined if nothing is cached, or if the store does not answer within a quarter of a second. Never rejects. */
  async get<T>(key: CacheKey<T>, id: string): Promise<T | undefined> {
    const value = await this.attempt(key, () => this.store.get(key.keyFor(id)));
    this.countersFor(key)[value === undefined ? 'misses' : 'hits'] += 1;
    return value as T | undefined;
  }

  /** Caches a value for its time to live. Callers need not wait for it. Never rejects. */
  async set<T extends object>(key: CacheKey<T>, id: string, value: T): Promise<void> {
    await this.attempt(key, () => this.store.set(key.keyFor(id), value, key.ttlSeconds * 1000));
  }

  /** By namespace, for metrics. */
  stats(): Readonly<Record<string, CacheStats>> {
    return Object.fromEntries([...this.counters].map(([namespace, counters]) => [namespace, { ...counters }]));
  }

  private async attempt<R>(key: CacheKey<unknown>, command: () => Promise<R>): Promise<R | undefined> {
    try {
      return await command();
    } catch (error) {
      this.countersFor(key).errors += 1;
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

  private countersFor({ namespace }: CacheKey<unknown>): CacheStats {
    let counters = this.counters.get(namespace);
    if (counters === undefined) {
      counters = { hits: 0, misses: 0, errors: 0 };
      this.counters.set(namespace, counters);
    }
    return counters;
  }
}
