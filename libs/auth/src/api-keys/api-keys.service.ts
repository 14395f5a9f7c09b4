import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { BadParameterError, ConflictError, NotFoundError } from '#common';
import { type Transaction, Transactions } from '#database';
import { IsNull, LessThan, Not, Repository } from 'typeorm';
import type {
  ApiKeyCreatedResponse,
  ApiKeyResponse,
  CreateApiKeyBody,
  PatchApiKeyBody,
  RotateApiKeyBody,
} from './api-key.dto.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { hashApiKey, takePrefix, randomApiKey } from './api-key.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Caller } from '../caller.js';
import { ClientCutOff } from '../clients/client-cut-off.js';
import { lockClient } from '../clients/client-changes.service.js';
import type { ClientEntity } from '../clients/client.entity.js';
import { ClientsService } from '../clients/clients.service.js';
import { type Permission, listPermissions, type Role } from '../roles.js';

/** Of one client, expired ones too. */
export const MAX_API_KEYS = 100;

/** API keys, for managers of clients: a client cannot create its own keys, which would outlive its secret. */
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
   * @throws NotFoundError (1010), BadParameterError (1001) scopes beyond the role, ConflictError (1006) enough keys,
   * PermissionError (1003) when the caller may not give such a key
   */
  create(caller: Caller, clientId: string, body: CreateApiKeyBody): Promise<ApiKeyCreatedResponse> {
    return this.transactions.run(async (tx) => {
      // Concurrent requests for this client wait here, so that the count is right.
      const client = await this.hold(tx, caller, clientId);
      this.clients.reachOf(caller).assertHolds(client.role, body.scopes);
      assertWithin(client.role, body.scopes);
      return this.insert(tx, caller, client, {
        name: body.name,
        scopes: body.scopes ?? null,
        expiresAt: body.expires_at === undefined ? null : new Date(body.expires_at),
      });
    });
  }

  /** Oldest first. @throws NotFoundError (1010) */
  async list(caller: Caller, clientId: string): Promise<ApiKeyResponse[]> {
    const { id } = await this.clients.find(caller, clientId);
    const keys = await this.keys.find({ where: { clientUuid: id }, order: { createdAt: 'ASC', id: 'ASC' } });
    return keys.map(toApiKey);
  }

  /** @throws NotFoundError (1010) */
  async get(caller: Caller, clientId: string, keyId: string): Promise<ApiKeyResponse> {
    const { id } = await this.clients.find(caller, clientId);
    const key = await this.keys.findOneBy({ id: keyId, clientUuid: id });
    if (!key) throw unknownKey();
    return toApiKey(key);
  }

  /** @throws NotFoundError (1010) */
  update(caller: Caller, clientId: string, keyId: string, body: PatchApiKeyBody): Promise<ApiKeyResponse> {
    return this.change(caller, clientId, keyId, async (tx, client, key) => {
      const before = describeForAudit(clientId, key);
      const ends = body.disabled === true && !key.disabled;
      key.name = body.name ?? key.name;
      key.disabled = body.disabled ?? key.disabled;
      if (ends) await this.cutOff.changedApiKey(tx, key);
      await tx.save(key);
      await this.record(tx, caller, 'update', client, key, { before, after: describeForAudit(clientId, key) });
      return toApiKey(key);
    });
  }

  /**
   * Creates a key like this one, which ends at once or after the overlap. Expired keys of earlier rotations are deleted.
   * @throws NotFoundError (1010), ConflictError (1006) it was rotated before, is disabled, or there are enough keys
   */
  rotate(
    caller: Caller,
    clientId: string,
    keyId: string,
    { overlap = 0 }: RotateApiKeyBody,
  ): Promise<ApiKeyCreatedResponse> {
    return this.change(caller, clientId, keyId, async (tx, client, key) => {
      if (key.rotatedAt !== null)
        throw new ConflictError('This API key was rotated before; rotate the one that replaced it');
      if (key.disabled) throw new ConflictError('This API key is disabled');
      const now = Date.now();
      const { name, scopes, createdAt, expiresAt } = key;
      await tx.delete(ApiKeyEntity, {
        clientUuid: client.id,
        rotatedAt: Not(IsNull()),
        expiresAt: LessThan(new Date(now)),
      });
      if (overlap === 0) {
        await this.removeOne(tx, caller, client, key);
      } else {
        const before = describeForAudit(clientId, key);
        key.rotatedAt = new Date(now);
        key.expiresAt = new Date(Math.min(now + overlap * 1000, expiresAt?.getTime() ?? Infinity));
        await this.cutOff.changedApiKey(tx, key);
        await tx.save(key);
        await this.record(tx, caller, 'rotate', client, key, { before, after: describeForAudit(clientId, key) });
      }
      const lifetime = expiresAt === null ? undefined : expiresAt.getTime() - createdAt.getTime();
      return this.insert(tx, caller, client, {
        name,
        scopes,
        expiresAt: lifetime === undefined ? null : new Date(now + lifetime),
      });
    });
  }

  /** @throws NotFoundError (1010) */
  remove(caller: Caller, clientId: string, keyId: string): Promise<void> {
    return this.change(caller, clientId, keyId, (tx, client, key) => this.removeOne(tx, caller, client, key));
  }

  /** @throws ConflictError (1006) enough keys */
  private async insert(
    tx: Transaction,
    caller: Caller,
    client: ClientEntity,
    properties: Pick<ApiKeyEntity, 'name' | 'scopes' | 'expiresAt'>,
  ): Promise<ApiKeyCreatedResponse> {
    if ((await tx.countBy(ApiKeyEntity, { clientUuid: client.id })) >= MAX_API_KEYS) {
      throw new ConflictError(`This client has ${MAX_API_KEYS} API keys; delete one first`);
    }
    const api_key = randomApiKey();
    const key = tx.create(ApiKeyEntity, {
      ...properties,
      disabled: false,
      version: 0,
      clientUuid: client.id,
      prefix: takePrefix(api_key),
      keyHash: hashApiKey(api_key),
    });
    await tx.insert(ApiKeyEntity, key);
    await this.record(tx, caller, 'create', client, key, { after: describeForAudit(client.clientId, key) });
    const { id: key_id, prefix, scopes, expiresAt } = key;
    return { key_id, api_key, prefix, scopes, expires_at: expiresAt?.toISOString() ?? null };
  }

  private async removeOne(tx: Transaction, caller: Caller, client: ClientEntity, key: ApiKeyEntity): Promise<void> {
    await tx.delete(ApiKeyEntity, { id: key.id });
    await this.cutOff.deletedApiKey(tx, key.id);
    await this.record(tx, caller, 'delete', client, key, { before: describeForAudit(client.clientId, key) });
  }

  /** With the row of its client held. @throws PermissionError (1003) when the key may do more than the caller's credential */
  private async change<T>(
    caller: Caller,
    clientId: string,
    keyId: string,
    work: (tx: Transaction, client: ClientEntity, key: ApiKeyEntity) => Promise<T>,
  ): Promise<T> {
    const result = await this.transactions.run(async (tx) => {
      const client = await this.hold(tx, caller, clientId);
      const key = await tx.findOneBy(ApiKeyEntity, { id: keyId, clientUuid: client.id });
      if (!key) throw unknownKey();
      this.clients.reachOf(caller).assertHolds(client.role, key.scopes);
      return work(tx, client, key);
    });
    await this.cutOff.applied();
    return result;
  }

  /** @throws NotFoundError (1010), PermissionError (1003) for the keys of the admin of the settings */
  private async hold(tx: Transaction, caller: Caller, clientId: string): Promise<ClientEntity> {
    const reach = this.clients.reachOf(caller);
    const client = reach.reached(await lockClient(tx, clientId));
    reach.assertMayChangeKeysOf(client);
    return client;
  }

  private record(
    tx: Transaction,
    caller: Caller,
    action: 'create' | 'update' | 'rotate' | 'delete',
    client: ClientEntity,
    { id }: ApiKeyEntity,
    digests: { before?: object; after?: object },
  ): Promise<void> {
    const { spaces } = client;
    return this.audit.record(tx, caller, [
      { action: `api_key.${action}`, target: `api_key:${id}`, ...digests, spaces },
    ]);
  }
}

function assertWithin(role: Role, scopes: readonly Permission[] = []): void {
  const allowed = listPermissions(role);
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
    disabled: key.disabled,
    rotated_at: key.rotatedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    created_at: key.createdAt.toISOString(),
  };
}

/** Without the key itself, and without its prefix. */
function describeForAudit(client_id: string, { name, scopes, expiresAt, disabled }: ApiKeyEntity): object {
  return { client_id, name, scopes, expires_at: expiresAt?.toISOString() ?? null, disabled };
}
