import { Injectable } from '@nestjs/common';
import { AuthenticationError } from '#common';
import { ApiKeyCache, type KnownApiKey } from './api-key-cache.js';
import { hashApiKey, isApiKey } from './api-key.js';
import { ApiKeyUsage } from './api-key-usage.js';
import type { Identity } from './caller.js';
import { RevocationList } from './revocation-list.js';

/** Finds out whose an API key is. */
@Injectable()
export class ApiKeyVerifier {
  constructor(
    private readonly cache: ApiKeyCache,
    private readonly revocations: RevocationList,
    private readonly usage: ApiKeyUsage,
  ) {}

  /** @throws AuthenticationError (1002); whether a key is unknown, expired, deleted or of a disabled client is not told. */
  async verify(text: string): Promise<Identity> {
    const key = isApiKey(text) ? await this.find(hashApiKey(text)) : undefined;
    if (!key || (key.identity.expiresAt?.getTime() ?? Infinity) <= Date.now()) {
      throw new AuthenticationError('The API key is invalid or has expired');
    }
    this.usage.note(key.keyId);
    return key.identity;
  }

  /** What is in memory holds unless it was revoked since; then PostgreSQL knows what holds now. */
  private async find(hash: string): Promise<KnownApiKey | undefined> {
    const known = await this.cache.get(hash);
    if (!known || !this.revocations.isRevoked(known.revocable)) return known;
    this.cache.forget(hash);
    const fresh = await this.cache.get(hash);
    return fresh && !this.revocations.isRevoked(fresh.revocable) ? fresh : undefined;
  }
}
