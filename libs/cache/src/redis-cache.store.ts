import { createCache } from 'cache-manager';
import type { RedisClientType } from 'redis';
import type { CacheStore } from './cache.store.js';
import { redisStoreLibrary } from './redis-library.js';
import type { RedisConnection } from './redis.connection.js';

/** Shared by all replicas. */
export class RedisCacheStore implements CacheStore {
  private readonly cache;

  constructor(
    private readonly redis: RedisConnection,
    client: RedisClientType,
  ) {
    this.cache = createCache(redisStoreLibrary().redisInsStore(client));
  }

  get(key: string): Promise<unknown> {
    return this.redis.run(() => this.cache.get(key));
  }

  set(key: string, value: unknown, ttlMs: number): Promise<void> {
    return this.redis.run(() => this.cache.set(key, value, ttlMs));
  }
}
