import { hash } from 'node:crypto';
import { isObject } from '#common';

/** Such names come first in every object, in the order of numbers. */
const INDEX = /^\d+$/;
/** As it is in JSON, but for the quotation marks. */
const PLAIN = /^[\w .:/-]*$/;

/** JSON with the keys of every object in one order (as RFC 8785 orders them): equal values, equal texts. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: unknown) => memberOf(item) ?? 'null').join(',')}]`;
  const keys = Object.keys(value);
  if ('toJSON' in value || (keys[0] !== undefined && INDEX.test(keys[0]))) return sortedJson(value);
  let members = '';
  for (const key of keys.sort()) {
    const member = memberOf((value as Record<string, unknown>)[key]);
    if (member !== undefined) members += `${members === '' ? '' : ','}${quoted(key)}:${member}`;
  }
  return `{${members}}`;
}

/** The string as JSON. */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
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
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

/** SHA-256 of the canonical JSON, in hexadecimal; null of undefined. */
export function digestOf(value: unknown): string | null {
  return value === undefined ? null : hash('sha256', canonicalJson(value));
}
