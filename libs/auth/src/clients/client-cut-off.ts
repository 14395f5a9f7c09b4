import { Injectable } from '@nestjs/common';
import { MAX_JWT_EXPIRY } from '#config';
import type { Transaction } from '#database';
import { MAX_CACHED_S } from '../api-keys/api-key-cache.js';
import type { ApiKeyEntity } from '../api-keys/api-key.entity.js';
import { ClientEntity } from './client.entity.js';
import { RevocationList } from '../tokens/revocation-list.js';

/** Seconds for the difference of replicas' clocks, and for transactions. */
const SLACK_S = 60;

/** Makes all replicas refuse tokens and cached keys within a second. */
@Injectable()
export class ClientCutOff {
  constructor(private readonly revocations: RevocationList) {}

  /** Ends all tokens that this client has. Lock its row before. Raises its version; the caller must store it. */
  async client(tx: Transaction, client: ClientEntity): Promise<void> {
    client.tokenVersion += 1;
    const { clientId: subject, tokenVersion: minVersion } = client;
    const expiresAt = inSeconds(MAX_JWT_EXPIRY + SLACK_S);
    await this.revocations.revoke(tx, [{ kind: 'client', subject, minVersion, expiresAt }]);
  }

  /** Ends a key that the caller deletes. */
  deletedApiKey(tx: Transaction, keyId: string): Promise<void> {
    return this.revocations.revoke(tx, [{ kind: 'api_key', subject: keyId, expiresAt: keysForgottenBy() }]);
  }

  /** Makes replicas read a key again. Lock the row of its client before. Raises its version; the caller must store it. */
  changedApiKey(tx: Transaction, key: ApiKeyEntity): Promise<void> {
    key.version += 1;
    const { id: subject, version: minVersion } = key;
    return this.revocations.revoke(tx, [{ kind: 'api_key', subject, minVersion, expiresAt: keysForgottenBy() }]);
  }

  /** Call it after the commit. On this replica it then takes effect at once. */
  applied(): Promise<void> {
    return this.revocations.refresh();
  }
}

/**
 * Gives a new client a version above those that were cut off, because a client with the same id may just have been deleted.
 * It must be a separate statement after the insert, because the insert may have waited for that deletion.
 */
export async function startAboveCutOff(tx: Transaction, client: ClientEntity): Promise<void> {
  const [row] = await tx.query<{ version: number | null }[]>(
    `SELECT max(min_version) AS version FROM revocations WHERE kind = 'client' AND subject = $1`,
    [client.clientId],
  );
  const found = row?.version ?? null;
  if (found === null) return;
  client.tokenVersion = found;
  await tx.getRepository(ClientEntity).update({ id: client.id }, { tokenVersion: found });
}

function keysForgottenBy(): Date {
  return inSeconds(MAX_CACHED_S + SLACK_S);
}

function inSeconds(seconds: number): Date {
  return new Date(Date.now() + seconds * 1000);
}
