import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { TokenSigner } from './token-signer.js';
import { CALLER_SIGNER } from './tokens.service.js';

/** Seconds that a token is valid for. */
const EXPIRY_S = 120;
/** A token is used again for so long: it is valid for a minute more when it arrives. */
const REUSE_MS = 60_000;
const MAX_KEPT = 10_000;

/**
 * JWTs of this service that tell a Skill who calls it (`sub` and `client_id`: the client). Each is for one audience, so
 * that a Skill cannot use it anywhere else. Skills verify them with the JWKS: they have a key pair of their own, unless
 * SECURITY_ALGORITHM has one (docs/adr/0054).
 */
@Injectable()
export class CallerAssertions {
  private readonly tokens = new LRUCache<string, Promise<string>>({ max: MAX_KEPT, ttl: REUSE_MS });

  constructor(@Inject(CALLER_SIGNER) private readonly signer: TokenSigner) {}

  issue(clientId: string, audience: string): Promise<string> {
    const key = JSON.stringify([clientId, audience]);
    const known = this.tokens.get(key);
    if (known) return known;
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: clientId, client_id: clientId, jti: randomUUID(), iat: now, exp: now + EXPIRY_S };
    const token = this.signer.sign(claims, audience);
    this.tokens.set(key, token);
    token.catch(() => this.tokens.delete(key));
    return token;
  }
}
