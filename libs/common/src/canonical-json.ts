import { isObject } from './is-object.js';

/**
 * JSON with the keys of every object in order, so that equal values have equal texts. The order is that of RFC 8785, but
 * for keys that are whole numbers: they come first, by value. Sealed blocks depend on every byte (docs/adr/0039).
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
