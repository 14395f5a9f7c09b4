import { createCache, memoryStore } from 'cache-manager';
import type { CacheStore } from './cache.store.js';

const MAX_ENTRIES = 10_000;
/** UTF-16 units of JSON in all: 128 MiB at most. */
const MAX_SIZE = 64 * 1024 * 1024;

/** Serves one replica only: what another one changes is seen when the time to live is over. Oldest use goes first. */
export class MemoryCacheStore implements CacheStore {
  private readonly cache = createCache(
    memoryStore({
      max: MAX_ENTRIES,
      maxSize: MAX_SIZE,
      sizeCalculation: (json) => String(json).length + 1,
      // A timer for each entry buys nothing: the bounds hold without, and `get` looks at the age.
      ttlAutopurge: false,
      ttl: 0,
      shouldCloneBeforeSet: false,
    }),
  );

  async get(name: string): Promise<unknown> {
    const json = await this.cache.get<string>(name);
    return json === undefined ? undefined : (JSON.parse(json) as unknown);
  }

  /** As JSON, so that no caller can change what the others get. */
  async set(name: string, value: unknown, ttlMs: number): Promise<void> {
    await this.cache.set(name, JSON.stringify(value), ttlMs);
  }

  async delete(names: readonly string[]): Promise<void> {
    await this.cache.store.mdel(...names);
  }
}
