import { Injectable } from '@nestjs/common';
import { BadParameterError, ConflictError, newId } from '#common';
import { isReservedClientId } from '#config';
import { type Transaction, Transactions, violatesUnique } from '#database';
import { AuditLog } from '../audit/audit-log.js';
import type { Caller } from '../caller.js';
import { ClientBelongings } from './client-belongings.js';
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
import type { ClientReach } from './client-reach.js';
import { ClientsService, toClient } from './clients.service.js';
import { randomSecret, SecretHasher } from './secret-hasher.js';

/** Creates, changes and deletes clients. Row locks decide between concurrent changes. */
@Injectable()
export class ClientChangesService {
  constructor(
    private readonly transactions: Transactions,
    private readonly cutOff: ClientCutOff,
    private readonly audit: AuditLog,
    private readonly clients: ClientsService,
    private readonly belongings: ClientBelongings,
    private readonly hasher: SecretHasher,
  ) {}

  /**
   * @throws ConflictError (1006) when the client_id is taken, or has something that the caller does not reach,
   * BadParameterError (1001) when it is reserved, PermissionError (1003) when the caller may not make such a client
   */
  async create(caller: Caller, body: CreateClientBody): Promise<ClientCreatedResponse> {
    const reach = this.clients.reachOf(caller);
    const spaces = reach.spacesFor(body.spaces);
    reach.assertHolds(body.role);
    if (body.client_id !== undefined) assertNotReserved(body.client_id);
    const secret = randomSecret();
    const secretHash = await this.hasher.hash(secret);
    const client = await this.transactions.run(async (tx) => {
      const created = tx.create(ClientEntity, {
        clientId: body.client_id ?? `client-${newId()}`,
        name: body.name,
        role: body.role,
        spaces,
        secretHash,
        disabled: false,
      });
      await insert(tx, created);
      await this.assertReaches(tx, reach, created);
      await startAboveCutOff(tx, created);
      await this.record(tx, caller, 'create', created.clientId, { after: toClient(created) });
      return created;
    });
    const { client_id, name, created_at } = toClient(client);
    return { client_id, client_secret: secret, name, role: client.role, created_at };
  }

  /**
   * @throws NotFoundError (1010), ConflictError (1006) for the admin of the settings, PermissionError (1003) when the
   * caller may not give that
   */
  async update(caller: Caller, clientId: string, body: PatchClientBody): Promise<ClientResponse> {
    const { name, role, spaces, disabled } = body;
    return this.change(caller, 'update', clientId, async (tx, client, reach) => {
      const before = { ...client };
      client.name = name ?? client.name;
      client.role = role ?? client.role;
      if (spaces !== undefined) client.spaces = reach.spacesFor(spaces);
      client.disabled = disabled ?? client.disabled;
      if (changedAccess(before, client) || client.disabled !== before.disabled) {
        reach.assertMayChange(client);
        reach.assertHolds(before.role);
        reach.assertHolds(client.role);
      }
      if (client.name !== before.name) reach.assertMayRename(client);
      if (changedAccess(before, client)) await this.cutOff.client(tx, client);
      return toClient(client);
    });
  }

  /** Replaces the secret. A secret from before the last rotation ends in any case. @throws as `update` does */
  async rotateSecret(
    caller: Caller,
    clientId: string,
    { overlap = 0 }: RotateSecretBody,
  ): Promise<ClientSecretResponse> {
    const client_secret = randomSecret();
    const secretHash = await this.hasher.hash(client_secret);
    return this.change(caller, 'rotate_secret', clientId, async (tx, client, reach) => {
      reach.assertMayChange(client);
      reach.assertHolds(client.role);
      client.previousSecretHash = overlap > 0 ? client.secretHash : null;
      client.previousSecretExpiresAt = overlap > 0 ? new Date(Date.now() + overlap * 1000) : null;
      client.secretHash = secretHash;
      if (overlap === 0) await this.cutOff.client(tx, client);
      return { client_secret };
    });
  }

  /**
   * With its keys and sessions; its Skills stay. @throws NotFoundError (1010), ConflictError (1006) for the admin,
   * PermissionError (1003) when it may do more than the caller's credential
   */
  async remove(caller: Caller, clientId: string): Promise<void> {
    const reach = this.clients.reachOf(caller);
    await this.transactions.run(async (tx) => {
      const client = reach.reached(await lockClient(tx, clientId));
      reach.assertMayChange(client);
      reach.assertHolds(client.role);
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
    work: (tx: Transaction, client: ClientEntity, reach: ClientReach) => Promise<T>,
  ): Promise<T> {
    const reach = this.clients.reachOf(caller);
    const result = await this.transactions.run(async (tx) => {
      const client = reach.reached(await lockClient(tx, clientId));
      const before = toClient(client);
      const answer = await work(tx, client, reach);
      await tx.save(client);
      await this.record(tx, caller, action, clientId, { before, after: toClient(client) });
      return answer;
    });
    await this.cutOff.applied();
    return result;
  }

  /** A deleted client of the same id may have left things, which would belong to the new one. @throws ConflictError (1006) */
  private async assertReaches(tx: Transaction, { spaces }: ClientReach, { clientId }: ClientEntity): Promise<void> {
    if (spaces !== undefined && (await this.belongings.areBeyond(tx, clientId, spaces))) throw taken();
  }

  private record(
    tx: Transaction,
    caller: Caller,
    action: string,
    clientId: string,
    change: { before?: ClientResponse; after?: ClientResponse },
  ): Promise<void> {
    const spaces = concernedSpaces(change.before, change.after);
    return this.audit.record(tx, caller, [
      { action: `client.${action}`, target: `client:${clientId}`, ...change, spaces },
    ]);
  }
}

/** Refuses names that the audit log uses for actors that are not clients. @throws BadParameterError (1001) */
export function assertNotReserved(clientId: string): void {
  if (isReservedClientId(clientId)) {
    throw new BadParameterError([{ field: 'client_id', reason: 'is a name that this service uses itself' }]);
  }
}

async function insert(tx: Transaction, client: ClientEntity): Promise<void> {
  try {
    await tx.insert(ClientEntity, client);
  } catch (error) {
    if (violatesUnique(error, 'uq_clients_client_id')) throw taken();
    throw error;
  }
}

function taken(): ConflictError {
  return new ConflictError('This client_id is taken');
}

/** Locks the row until the end of the transaction. */
export function lockClient(tx: Transaction, clientId: string): Promise<ClientEntity | null> {
  return tx.findOne(ClientEntity, { where: { clientId }, lock: { mode: 'pessimistic_write' } });
}

/** The Spaces that a change of a client concerns; none if the client is, or was, not limited to Spaces. */
export function concernedSpaces(...clients: (Pick<ClientEntity, 'spaces'> | undefined)[]): string[] {
  const known = clients.filter((client) => client !== undefined);
  return known.some(({ spaces }) => spaces === null) ? [] : known.flatMap(({ spaces }) => spaces ?? []);
}

type Access = Pick<ClientEntity, 'role' | 'spaces' | 'disabled'>;

/** Whether earlier tokens of the client become invalid. */
export function changedAccess(before: Access, after: Access): boolean {
  return after.role !== before.role || !sameSpaces(after.spaces, before.spaces) || (after.disabled && !before.disabled);
}

function sameSpaces(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return a === null || b === null ? a === b : a.length === b.length && a.every((space) => b.includes(space));
}
