import { createHash } from 'node:crypto';
import type { Identity } from './caller.js';
import { LEEWAY_S } from './token-signer.js';
import type { Revocable } from './revocation-list.js';

/** What a token turned out to be; whether it was revoked is to be asked each time. */
export interface Credential {
  readonly identity: Identity;
  readonly revocable: Revocable;
  /** `exp`, in seconds. */
  readonly expiresAt: number;
}

/** Kept by the digest of the token, a few hundred bytes each. */
const MAX_TOKENS = 10_000;

/** Tokens whose signature was checked, so that it is checked once in their life; the least recently used goes first. */
export class VerifiedTokens {
  private readonly credentials = new Map<string, Credential>();

  constructor(private readonly limit = MAX_TOKENS) {}

  get(token: string): Credential | undefined {
    const key = digestOf(token);
    const credential = this.credentials.get(key);
    if (credential === undefined) return undefined;
    this.credentials.delete(key);
    if (isOver(credential)) return undefined;
    this.credentials.set(key, credential);
    return credential;
  }

  add(token: string, credential: Credential): void {
    const [oldest] = this.credentials.keys();
    if (oldest !== undefined && this.credentials.size >= this.limit) this.credentials.delete(oldest);
    this.credentials.set(digestOf(token), credential);
  }
}

/** Whether it has expired by itself. */
export function isOver({ expiresAt }: Credential): boolean {
  return expiresAt + LEEWAY_S <= Date.now() / 1000;
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
