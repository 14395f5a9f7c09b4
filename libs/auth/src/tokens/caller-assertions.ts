import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { TokenSigner } from './token-signer.js';
import { TOKEN_SIGNER } from './tokens.service.js';

/** Seconds that an assertion holds. */
const EXPIRY_S = 120;
/** It is given out again for so long; the rest is left for its way. */
const REUSE_MS = 60_000;
const MAX_KEPT = 10_000;

interface Kept {
  token: Promise<string>;
  until: number;
}

/**
 * Tells a Skill who calls it: a JWT of this service (`sub` and `client_id`: the client) for that audience alone, so that
 * no Skill can use it anywhere else, least of all here. Skills check it by the JWKS, where this service signs with a
 * key pair.
 */
@Injectable()
export class CallerAssertions {
  /** Those made first come first. */
  private readonly kept = new Map<string, Kept>();

  constructor(@Inject(TOKEN_SIGNER) private readonly signer: TokenSigner) {}

  of(clientId: string, audience: string): Promise<string> {
    const key = JSON.stringify([clientId, audience]);
    const known = this.kept.get(key);
    if (known && performance.now() < known.until) return known.token;
    this.kept.delete(key);
    const token = this.signed(clientId, audience);
    this.kept.set(key, { token, until: performance.now() + REUSE_MS });
    for (const [oldest, { until }] of this.kept) {
      if (this.kept.size <= MAX_KEPT && until > performance.now()) break;
      this.kept.delete(oldest);
    }
    return token;
  }

  private signed(clientId: string, audience: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: clientId, client_id: clientId, jti: randomUUID(), iat: now, exp: now + EXPIRY_S };
    return this.signer.sign(claims, audience);
  }
}
