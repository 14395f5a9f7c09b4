import { createCache, memoryStore } from 'cache-manager';
import type { CacheStore } from './cache.store.js';

const MAX_ENTRIES = 10_000;
/** UTF-16 units of JSON in all: 128 MiB at most. */
const MAX_SIZE = 64 * 1024 * 1024;

/** Serves one replica only. The least recently used value makes room. */
export class MemoryCacheStore implements CacheStore {
  private readonly cache = createCache(
    memoryStore({
      max: MAX_ENTRIES,
      maxSize: MAX_SIZE,
      sizeCalculation: (json) => String(json).length + 1,
      // No timer for each entry: `get` checks the age, and the bounds limit the memory.
      ttlAutopurge: false,
      ttl: 0,
      shouldCloneBeforeSet: false,
    }),
  );

  async get(key: string): Promise<unknown> {
    const json = await this.cache.get<string>(key);
    return json === undefined ? undefined : (JSON.parse(json) as unknown);
  }

  /** Keeps JSON, so that no caller can change the value of the others. */
  async set(key: string, value: unknown, ttlMs: number): Promise<void> {
    await this.cache.set(key, JSON.stringify(value), ttlMs);
  }
}
