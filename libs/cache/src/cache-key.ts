/**
 * A type that comes back from JSON unchanged. A Date, a Map or an entity with methods does not, and the compiler refuses
 * it: otherwise a value read from the cache would have a string where the original has a Date.
 */
export type Serializable<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends (...args: never) => unknown
      ? never
      : T extends object
        ? { [K in keyof T]: Serializable<T[K]> }
        : never;

const PREFIX = 'ooder:v1';
const NAMESPACE = /^[a-z][a-z0-9-]*$/;
const namespaces = new Set<string>();

/** One kind of cached value: its keys, its type and its time to live. `defineCacheKey` creates it. */
export class CacheKey<T> {
  /** Only for the compiler. */
  declare readonly value: T;

  constructor(
    readonly namespace: string,
    readonly ttlSeconds: number,
  ) {}

  keyFor(id: string): string {
    return `${PREFIX}:${this.namespace}:${id}`;
  }
}

/**
 * Defines the keys `ooder:v1:<namespace>:<id>` of values of type T. Define a namespace once; give it a new name when the shape
 * of its values changes, because replicas of two releases share one Redis during an upgrade.
 *
 * @throws RangeError for an invalid namespace or time to live
 */
export function defineCacheKey<T>(namespace: string, ttlSeconds: number): CacheKey<Serializable<T>> {
  if (!NAMESPACE.test(namespace)) throw new RangeError(`cache namespace ${namespace}: must be in kebab-case`);
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1) throw new RangeError(`cache TTL ${ttlSeconds}: whole seconds`);
  if (namespaces.has(namespace)) throw new RangeError(`cache namespace ${namespace}: is already defined`);
  namespaces.add(namespace);
  return new CacheKey<Serializable<T>>(namespace, ttlSeconds);
}
