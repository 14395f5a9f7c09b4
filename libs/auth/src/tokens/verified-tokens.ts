import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../caller.js';
import { LEEWAY_S } from './token-signer.js';
import type { Revocable } from './revocation-list.js';

/** A verified token. Check each time whether it has been revoked. */
export interface Credential {
  readonly identity: Identity;
  readonly revocable: Revocable;
  /** `exp`, in seconds. */
  readonly expiresAt: number;
  /** Of a token of another issuer: the keys that it was verified with. */
  readonly keys?: { readonly isCurrent: boolean } | undefined;
}

/** Kept by the digest of the token, a few hundred bytes each. */
const MAX_TOKENS = 10_000;

/** Tokens whose signature was checked, so that it is checked once in their life; the least recently used goes first. */
export class VerifiedTokens {
  private readonly credentials: LRUCache<string, Credential>;

  constructor(limit = MAX_TOKENS) {
    this.credentials = new LRUCache({ max: limit });
  }

  get(token: string): Credential | undefined {
    const key = digest(token);
    const credential = this.credentials.get(key);
    if (credential === undefined || !isOver(credential)) return credential;
    this.credentials.delete(key);
    return undefined;
  }

  add(token: string, credential: Credential): void {
    this.credentials.set(digest(token), credential);
  }
}

/** Whether it has expired, or its issuer has other keys since. The token must then be verified again. */
export function isOver({ expiresAt, keys }: Credential): boolean {
  return expiresAt + LEEWAY_S <= Date.now() / 1000 || keys?.isCurrent === false;
}

function digest(token: string): string {
  return hash('sha256', token, 'base64url');
}
