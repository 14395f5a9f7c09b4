import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { BadParameterError, ConflictError, NotFoundError } from '#common';
import { Transactions } from '#database';
import { Repository } from 'typeorm';
import type { ApiKeyCreatedResponse, ApiKeyResponse, CreateApiKeyBody } from './api-key.dto.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { hashApiKey, prefixOf, randomApiKey } from './api-key.js';
import { AuditLog } from './audit/audit-log.js';
import type { Caller } from './caller.js';
import { ClientCutOff } from './client-cut-off.js';
import { lockClient } from './client-changes.service.js';
import { ClientsService } from './clients.service.js';
import { type Permission, permissionsOf, type Role } from './roles.js';

/** Of one client, expired ones too. */
export const MAX_API_KEYS = 100;

/** API keys of clients, for those who manage clients: a client cannot make keys of its own, which would outlive its secret. */
@Injectable()
export class ApiKeysService {
  constructor(
    @InjectRepository(ApiKeyEntity) private readonly keys: Repository<ApiKeyEntity>,
    private readonly clients: ClientsService,
    private readonly transactions: Transactions,
    private readonly cutOff: ClientCutOff,
    private readonly audit: AuditLog,
  ) {}

  /**
   * @throws NotFoundError (1010), BadParameterError (1001) scopes beyond the role, ConflictError (1006) enough keys
   */
  create(caller: Caller, clientId: string, body: CreateApiKeyBody): Promise<ApiKeyCreatedResponse> {
    const api_key = randomApiKey();
    return this.transactions.run(async (tx) => {
      // Whoever makes keys of this client at once waits here, so that the count is right.
      const client = await lockClient(tx, clientId);
      assertWithin(client.role, body.scopes);
      if ((await tx.countBy(ApiKeyEntity, { clientUuid: client.id })) >= MAX_API_KEYS) {
        throw new ConflictError(`This client has ${MAX_API_KEYS} API keys; delete one first`);
      }
      const key = tx.create(ApiKeyEntity, {
        clientUuid: client.id,
        name: body.name,
        prefix: prefixOf(api_key),
        keyHash: hashApiKey(api_key),
        scopes: body.scopes ?? null,
        expiresAt: body.expires_at === undefined ? null : new Date(body.expires_at),
      });
      await tx.insert(ApiKeyEntity, key);
      await this.audit.record(tx, caller, [
        { action: 'api_key.create', target: `api_key:${key.id}`, after: auditOf(clientId, key) },
      ]);
      const { key_id, prefix, scopes, expires_at } = toApiKey(key);
      return { key_id, api_key, prefix, scopes, expires_at };
    });
  }

  /** Oldest first. @throws NotFoundError (1010) */
  async list(clientId: string): Promise<ApiKeyResponse[]> {
    const { id } = await this.clients.find(clientId);
    const keys = await this.keys.find({ where: { clientUuid: id }, order: { createdAt: 'ASC', id: 'ASC' } });
    return keys.map(toApiKey);
  }

  /** @throws NotFoundError (1010) */
  async get(clientId: string, keyId: string): Promise<ApiKeyResponse> {
    const { id } = await this.clients.find(clientId);
    const key = await this.keys.findOneBy({ id: keyId, clientUuid: id });
    if (!key) throw unknownKey();
    return toApiKey(key);
  }

  /** @throws NotFoundError (1010) */
  async remove(caller: Caller, clientId: string, keyId: string): Promise<void> {
    await this.transactions.run(async (tx) => {
      const client = await lockClient(tx, clientId);
      const key = await tx.findOneBy(ApiKeyEntity, { id: keyId, clientUuid: client.id });
      if (!key) throw unknownKey();
      await tx.delete(ApiKeyEntity, { id: keyId });
      await this.cutOff.apiKey(tx, keyId);
      await this.audit.record(tx, caller, [
        { action: 'api_key.delete', target: `api_key:${keyId}`, before: auditOf(clientId, key) },
      ]);
    });
    await this.cutOff.applied();
  }
}

function assertWithin(role: Role, scopes: readonly Permission[] = []): void {
  const allowed = permissionsOf(role);
  const faults = scopes.flatMap((scope, index) =>
    allowed.includes(scope) ? [] : [{ field: `scopes.${index}`, reason: `${scope} is beyond the role ${role}` }],
  );
  if (faults.length > 0) throw new BadParameterError(faults);
}

function unknownKey(): NotFoundError {
  return new NotFoundError('This API key does not exist');
}

function toApiKey(key: ApiKeyEntity): ApiKeyResponse {
  return {
    key_id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: key.scopes,
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    created_at: key.createdAt.toISOString(),
  };
}

/** Nothing of the key itself, not even its beginning. */
function auditOf(client_id: string, { name, scopes, expiresAt }: ApiKeyEntity): object {
  return { client_id, name, scopes, expires_at: expiresAt?.toISOString() ?? null };
}
