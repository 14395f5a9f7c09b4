import { hash } from 'node:crypto';
import { canonicalJson } from '#common';

/** SHA-256 of the canonical JSON, in hexadecimal; null of undefined. */
export function digest(value: unknown): string | null {
  return value === undefined ? null : hash('sha256', canonicalJson(value));
}
