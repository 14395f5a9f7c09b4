import { createHash } from 'node:crypto';

/** JSON with the keys of every object in one order (as RFC 8785 orders them): equal values, equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** SHA-256 of the canonical JSON, in hexadecimal; null of undefined. */
export function digestOf(value: unknown): string | null {
  return value === undefined ? null : createHash('sha256').update(canonicalJson(value)).digest('hex');
}
