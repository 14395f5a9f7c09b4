/** Deeper data is left to whoever can say so. */
const MAX_DEPTH = 64;

/** Names that every object has a meaning for: class-transformer leaves them out, without a word. */
function isReserved(key: string): boolean {
  return key in Object.prototype;
}

/** An object of no class, as parsers make it: of bodies, of query strings, of paths. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return true;
  // Parsers of paths and query strings have an empty prototype of their own.
  return Object.getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype).length === 0;
}

/** Whether it is what JSON can hold, all the way down: a copy of it is the same as it is. */
export function isPlainData(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'symbol';
  if (depth === MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    // Which gaps are, too.
    for (const item of value) if (item === undefined || !isPlainData(item, depth + 1)) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.entries(value).every(([key, item]) => !isReserved(key) && isPlainData(item, depth + 1));
}
