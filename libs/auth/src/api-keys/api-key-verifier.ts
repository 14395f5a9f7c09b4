import { Injectable } from '@nestjs/common';
import { AuthenticationError } from '#common';
import { ApiKeyCache, type KnownApiKey } from './api-key-cache.js';
import { hashApiKey, isApiKey } from './api-key.js';
import { ApiKeyUsage } from './api-key-usage.js';
import type { Identity } from '../caller.js';
import { RefusedCredentialError } from '../refused-credential.js';
import { RevocationList } from '../tokens/revocation-list.js';

const REFUSAL = 'The API key is invalid or has expired';

/** Verifies API keys. */
@Injectable()
export class ApiKeyVerifier {
  constructor(
    private readonly cache: ApiKeyCache,
    private readonly revocations: RevocationList,
    private readonly usage: ApiKeyUsage,
  ) {}

  /** @throws AuthenticationError (1002), the same for an unknown, expired or deleted key, and for a disabled client */
  async verify(text: string): Promise<Identity> {
    const key = isApiKey(text) ? await this.find(hashApiKey(text)) : undefined;
    if (!key) throw new AuthenticationError(REFUSAL);
    const { keyId, identity } = key;
    if ((identity.expiresAt?.getTime() ?? Infinity) <= Date.now())
      throw new RefusedCredentialError(REFUSAL, identity.clientId, 'expired');
    this.usage.note(keyId);
    return identity;
  }

  /**
   * A cached key is valid unless it was revoked since; then it is read again from PostgreSQL.
   * @throws RefusedCredentialError (1002) for a key that was valid once
   */
  private async find(hash: string): Promise<KnownApiKey | undefined> {
    let key = await this.cache.get(hash);
    const known = key;
    if (key && this.revocations.isRevoked(key.revocable)) {
      this.cache.forget(hash);
      key = await this.cache.get(hash);
    }
    if (known && (!key || key.isDisabled || this.revocations.isRevoked(key.revocable)))
      throw new RefusedCredentialError(REFUSAL, known.identity.clientId, 'revoked');
    return key;
  }
}
