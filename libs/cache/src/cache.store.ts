/**
 * Where cached values live: in Redis, or in this process when there is none. Both keep their own JSON copy of a value
 * and forget it after its time to live. Commands take effect in the order in which they are called, awaited or not:
 * a `get` after a `delete` does not see what the `delete` removed. Every method may throw; a throw of `get` or `set`
 * means a miss, a throw of `delete` that the names may live on for their time to live.
 *
 * `cache.provider.spec.ts` runs one suite against both.
 */
export interface CacheStore {
  /** Undefined when there is nothing. */
  get(name: string): Promise<unknown>;

  /** `ttlMs` is a whole number of milliseconds, 1 or more. */
  set(name: string, value: unknown, ttlMs: number): Promise<void>;

  delete(names: readonly string[]): Promise<void>;
}
