import { Inject, Injectable } from '@nestjs/common';
import { ConflictError, NotFoundError, newId } from '#common';
import { type SecuritySettings, securitySettings } from '#config';
import { type Transaction, Transactions, violatesUnique } from '#database';
import { AuditLog } from './audit/audit-log.js';
import type { Caller } from './caller.js';
import { ClientCutOff, startAboveCutOff } from './client-cut-off.js';
import type {
  ClientCreatedResponse,
  ClientResponse,
  ClientSecretResponse,
  CreateClientBody,
  PatchClientBody,
  RotateSecretBody,
} from './client.dto.js';
import { ClientEntity } from './client.entity.js';
import { toClient } from './clients.service.js';
import { hashSecret, randomSecret } from './secret-hash.js';

/** Clients are made, changed and taken away; the row lock decides between those who do so at once. */
@Injectable()
export class ClientChangesService {
  constructor(
    private readonly transactions: Transactions,
    private readonly cutOff: ClientCutOff,
    private readonly audit: AuditLog,
    @Inject(securitySettings.KEY) private readonly settings: SecuritySettings,
  ) {}

  /** @throws ConflictError (1006) when the client_id is taken. */
  async create(caller: Caller, body: CreateClientBody): Promise<ClientCreatedResponse> {
    const secret = randomSecret();
    const secretHash = await hashSecret(secret);
    const client = await this.transactions.run(async (tx) => {
      const created = tx.create(ClientEntity, {
        clientId: body.client_id ?? `client-${newId()}`,
        name: body.name,
        role: body.role,
        spaces: body.spaces ?? null,
        secretHash,
        disabled: false,
      });
      await insert(tx, created);
      await startAboveCutOff(tx, created);
      await this.record(tx, caller, 'create', created.clientId, { after: toClient(created) });
      return created;
    });
    const { client_id, name, role, created_at } = toClient(client);
    return { client_id, client_secret: secret, name, role, created_at };
  }

  /** @throws NotFoundError (1010), ConflictError (1006) for the admin of the settings */
  async update(caller: Caller, clientId: string, body: PatchClientBody): Promise<ClientResponse> {
    const { name, role, spaces, disabled } = body;
    if (disabled === true) this.assertNotAdmin(clientId, 'be disabled');
    if (role !== undefined && role !== 'admin') this.assertNotAdmin(clientId, 'have another role');
    return this.change(caller, 'update', clientId, async (tx, client) => {
      const before = { ...client };
      client.name = name ?? client.name;
      client.role = role ?? client.role;
      client.spaces = spaces === undefined ? client.spaces : spaces;
      client.disabled = disabled ?? client.disabled;
      if (changedAccess(before, client)) await this.cutOff.client(tx, client);
      return toClient(client);
    });
  }

  /** The former secret goes; one that was still holding from a rotation before goes in any case. @throws NotFoundError (1010) */
  async rotateSecret(
    caller: Caller,
    clientId: string,
    { overlap = 0 }: RotateSecretBody,
  ): Promise<ClientSecretResponse> {
    const client_secret = randomSecret();
    const secretHash = await hashSecret(client_secret);
    return this.change(caller, 'rotate_secret', clientId, async (tx, client) => {
      client.previousSecretHash = overlap > 0 ? client.secretHash : null;
      client.previousSecretExpiresAt = overlap > 0 ? new Date(Date.now() + overlap * 1000) : null;
      client.secretHash = secretHash;
      if (overlap === 0) await this.cutOff.client(tx, client);
      return { client_secret };
    });
  }

  /** With its keys and sessions; its Skills stay. @throws NotFoundError (1010), ConflictError (1006) for the admin */
  async remove(caller: Caller, clientId: string): Promise<void> {
    this.assertNotAdmin(clientId, 'be deleted');
    await this.transactions.run(async (tx) => {
      const client = await lockClient(tx, clientId);
      await this.cutOff.client(tx, client);
      await tx.delete(ClientEntity, { id: client.id });
      await this.record(tx, caller, 'delete', clientId, { before: toClient(client) });
    });
    await this.cutOff.applied();
  }

  private async change<T>(
    caller: Caller,
    action: string,
    clientId: string,
    work: (tx: Transaction, client: ClientEntity) => Promise<T>,
  ): Promise<T> {
    const result = await this.transactions.run(async (tx) => {
      const client = await lockClient(tx, clientId);
      const before = toClient(client);
      const answer = await work(tx, client);
      await tx.save(client);
      await this.record(tx, caller, action, clientId, { before, after: toClient(client) });
      return answer;
    });
    await this.cutOff.applied();
    return result;
  }

  /** Somebody must be able to let the others in. */
  private assertNotAdmin(clientId: string, what: string): void {
    if (clientId === this.settings.adminClientId) {
      throw new ConflictError(
        `The admin client of the settings cannot ${what}: nobody would be left to manage clients`,
      );
    }
  }

  private record(
    tx: Transaction,
    caller: Caller,
    action: string,
    clientId: string,
    change: { before?: ClientResponse; after?: ClientResponse },
  ): Promise<void> {
    return this.audit.record(tx, caller, [{ action: `client.${action}`, target: `client:${clientId}`, ...change }]);
  }
}

async function insert(tx: Transaction, client: ClientEntity): Promise<void> {
  try {
    await tx.insert(ClientEntity, client);
  } catch (error) {
    if (violatesUnique(error, 'uq_clients_client_id')) throw new ConflictError('This client_id is taken');
    throw error;
  }
}

/** Holds the row until the end of the transaction. @throws NotFoundError (1010) */
export async function lockClient(tx: Transaction, clientId: string): Promise<ClientEntity> {
  const client = await tx.findOne(ClientEntity, { where: { clientId }, lock: { mode: 'pessimistic_write' } });
  if (!client) throw new NotFoundError('This client does not exist');
  return client;
}

type Access = Pick<ClientEntity, 'role' | 'spaces' | 'disabled'>;

/** Whether what the client got before must not hold any more. */
export function changedAccess(before: Access, after: Access): boolean {
  return after.role !== before.role || !sameSpaces(after.spaces, before.spaces) || (after.disabled && !before.disabled);
}

function sameSpaces(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return a === null || b === null ? a === b : a.length === b.length && a.every((space) => b.includes(space));
}
