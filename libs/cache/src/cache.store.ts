/**
 * Where cached values live: in Redis, or in this process without REDIS_URL. Both keep a JSON copy of a value and forget it
 * after its time to live. Every method may reject: a failed `get` counts as a miss, and a failed `set` caches nothing.
 *
 * `cache.provider.spec.ts` runs one suite against both.
 */
export interface CacheStore {
  /** Returns undefined if there is no value. */
  get(key: string): Promise<unknown>;

  /** `ttlMs` is a whole number of milliseconds, 1 or more. */
  set(key: string, value: unknown, ttlMs: number): Promise<void>;
}
