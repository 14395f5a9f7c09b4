/**
 * What comes back from JSON as it went in. A Date, a Map or an entity with methods does not, and the compiler refuses a
 * loader that returns one: otherwise a miss would answer a Date and the following hit a string.
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

interface Entry {
  /** Milliseconds since 1970 at which the load of the value began. */
  readonly at: number;
  readonly value: unknown;
}

const PREFIX = 'ooder:v1';
const NAMESPACE = /^[a-z][a-z0-9-]*$/;
const namespaces = new Set<string>();

/** One kind of cached value: its names, its type and how old it may be. Made by `defineCacheKey`. */
export class CacheKey<T> {
  readonly ttlMs: number;

  constructor(
    readonly namespace: string,
    readonly ttlSeconds: number,
  ) {
    this.ttlMs = ttlSeconds * 1000;
  }

  nameOf(id: string): string {
    return `${PREFIX}:${this.namespace}:${id}`;
  }

  /** Milliseconds that a value may still live whose load began at `at`. */
  remaining(at: number): number {
    return Math.floor(Math.min(this.ttlMs, at + this.ttlMs - Date.now()));
  }

  entryOf(value: T, at: number): Entry {
    return { at, value };
  }

  /**
   * The value of an entry, undefined when it is too old. The store's own expiry is not enough: a write that hung in a
   * stalled Redis is carried out long after its value was read. Throws for anything that is no entry.
   */
  valueOf(found: unknown): T | undefined {
    if (found === undefined) return undefined;
    if (!isEntry(found)) throw new TypeError('the cache holds something that this service did not write');
    return this.remaining(found.at) > 0 ? (found.value as T) : undefined;
  }
}

function isEntry(found: unknown): found is Entry {
  return typeof found === 'object' && found !== null && 'value' in found && 'at' in found && Number.isFinite(found.at);
}

/**
 * Defines the keys `ooder:v1:<namespace>:<id>` whose values have type T. Definitions stand in a file of their own
 * beside their users (`skill.cache.ts`); a namespace is defined once, and gets a new name when the shape of its values changes.
 *
 * The age that the protocol allows (AI Bridge v0.6.0): 30 s for the metadata of a Skill, 10 min (600 s) for
 * permissions, 1 min (60 s) for resources. Throws for a namespace or an age that cannot be.
 */
export function defineCacheKey<T>(namespace: string, ttlSeconds: number): CacheKey<Serializable<T>> {
  if (!NAMESPACE.test(namespace)) throw new RangeError(`cache namespace ${namespace}: must be in kebab-case`);
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1) throw new RangeError(`cache TTL ${ttlSeconds}: whole seconds`);
  if (namespaces.has(namespace)) throw new RangeError(`cache namespace ${namespace}: is already defined`);
  namespaces.add(namespace);
  return new CacheKey<Serializable<T>>(namespace, ttlSeconds);
}
