import { hash } from 'node:crypto';

/** Such names come first in every object, in the order of numbers. */
const INDEX = /^\d+$/;

/** JSON with the keys of every object in one order (as RFC 8785 orders them): equal values, equal texts. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: unknown) => memberOf(item) ?? 'null').join(',')}]`;
  const keys = Object.keys(value).sort();
  if ('toJSON' in value || keys.some((key) => INDEX.test(key))) return sortedJson(value);
  const members: string[] = [];
  for (const key of keys) {
    const member = memberOf((value as Record<string, unknown>)[key]);
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${member}`);
  }
  return `{${members.join(',')}}`;
}

/** Undefined for what JSON leaves out. */
function memberOf(value: unknown): string | undefined {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
    ? undefined
    : canonicalJson(value);
}

/** The same for all that JSON can be made of, at several times the cost. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** SHA-256 of the canonical JSON, in hexadecimal; null of undefined. */
export function digestOf(value: unknown): string | null {
  return value === undefined ? null : hash('sha256', canonicalJson(value));
}
