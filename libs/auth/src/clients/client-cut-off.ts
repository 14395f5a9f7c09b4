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

  /** All that this client, whose row is held, got so far. Raises its version, which the caller stores. */
  async client(tx: Transaction, client: ClientEntity): Promise<void> {
    client.tokenVersion += 1;
    const { clientId: subject, tokenVersion: minVersion } = client;
    const expiresAt = inSeconds(MAX_JWT_EXPIRY + SLACK_S);
    await this.revocations.revoke(tx, [{ kind: 'client', subject, minVersion, expiresAt }]);
  }

  /** One key, which the caller deletes. */
  deletedApiKey(tx: Transaction, keyId: string): Promise<void> {
    return this.revocations.revoke(tx, [{ kind: 'api_key', subject: keyId, expiresAt: keysForgottenBy() }]);
  }

  /** What replicas know of one key, whose client's row is held. Raises its version, which the caller stores. */
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
 * Lets a client that was just inserted begin above the versions that were cut off: one of the same id may have been
 * deleted a moment ago. A statement of its own, after the insert that has waited for such a deletion.
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
