import { createCache } from 'cache-manager';
import type { RedisClientType } from 'redis';
import type { CacheStore } from './cache.store.js';
import { redisStoreLibrary } from './redis-library.js';
import type { RedisConnection } from './redis.connection.js';

/** Names that wait for Redis to come back; the oldest are dropped, and live on for their time to live. */
const MAX_MISSED = 10_000;

/**
 * Shared by all replicas. While Redis is away, a `delete` cannot reach it: the names are kept and deleted before the
 * first `get` afterwards. Until then, and for good when this process ends first, other replicas that still reach Redis
 * may be answered the old value, for its time to live at most.
 */
export class RedisCacheStore implements CacheStore {
  private readonly cache;
  private readonly missed = new Set<string>();

  constructor(
    private readonly redis: RedisConnection,
    client: RedisClientType,
  ) {
    this.cache = createCache(redisStoreLibrary().redisInsStore(client));
  }

  async get(name: string): Promise<unknown> {
    // Sent one after the other and answered in that order.
    const [, found] = await Promise.all([this.deleteMissed(), this.redis.run(() => this.cache.get(name))]);
    return found;
  }

  async set(name: string, value: unknown, ttlMs: number): Promise<void> {
    await this.redis.run(() => this.cache.set(name, value, ttlMs));
  }

  async delete(names: readonly string[]): Promise<void> {
    try {
      await this.redis.run(() => this.cache.store.mdel(...names));
    } catch (error) {
      for (const name of names) this.missed.add(name);
      for (const name of this.missed) {
        if (this.missed.size <= MAX_MISSED) break;
        this.missed.delete(name);
      }
      throw error;
    }
  }

  private async deleteMissed(): Promise<void> {
    if (this.missed.size === 0 || !this.redis.isReady) return;
    const names = [...this.missed];
    this.missed.clear();
    await this.delete(names);
  }
}
