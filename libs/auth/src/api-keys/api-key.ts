import { createHash } from 'node:crypto';
import { randomSecret } from '../clients/secret-hasher.js';

const API_KEY = /^osk_[A-Za-z0-9_-]{43}$/;
const PREFIX_LENGTH = 12;

/** `osk_` and 256 random bits: scanners that look for leaked secrets find it by its beginning. */
export function randomApiKey(): string {
  return `osk_${randomSecret()}`;
}

export function isApiKey(text: string): boolean {
  return API_KEY.test(text);
}

/** SHA-256 in hexadecimal: 256 random bits cannot be guessed, so no slow hash is needed. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

export function takePrefix(key: string): string {
  return key.slice(0, PREFIX_LENGTH);
}
