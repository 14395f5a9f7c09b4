import { newId } from '#common';
import type { Transaction } from '#database';
import { type AuditActor, AuditLog } from '../audit/audit-log.js';
import { ClientCutOff, startAboveCutOff } from '../clients/client-cut-off.js';
import { ClientEntity } from '../clients/client.entity.js';
import { assertNotReserved, changedAccess, concernedSpaces, lockClient } from '../clients/client-changes.service.js';
import { toClient } from '../clients/clients.service.js';
import { randomSecret, type SecretHasher } from '../clients/secret-hasher.js';
import type { ClientLine } from './client.line.js';

/** The result of a line. `left`: it is the admin client of the settings, which every registry makes for itself. */
export type ImportedClient = 'created' | 'replaced' | 'present' | 'left';

/**
 * Writes clients of a file, within the caller's transaction. A new client has a random secret that nobody knows: an admin
 * must rotate it.
 */
export class ClientImporter {
  private unknownHash: Promise<string> | undefined;

  constructor(
    private readonly cutOff: ClientCutOff,
    private readonly audit: AuditLog,
    private readonly adminClientId: string,
    private readonly hasher: SecretHasher,
  ) {}

  /** @throws BadParameterError (1001) when the id is reserved */
  assertStorable({ client_id }: ClientLine): void {
    assertNotReserved(client_id);
  }

  /** The results have the order of the lines. With `replace`, name, role, Spaces and whether it is disabled become as the line says. */
  async import(
    tx: Transaction,
    actor: AuditActor,
    lines: readonly ClientLine[],
    replace: boolean,
  ): Promise<ImportedClient[]> {
    const results: ImportedClient[] = [];
    for (const line of lines) results.push(await this.importOne(tx, actor, line, replace));
    return results;
  }

  private async importOne(
    tx: Transaction,
    actor: AuditActor,
    line: ClientLine,
    replace: boolean,
  ): Promise<ImportedClient> {
    if (line.client_id === this.adminClientId) return 'left';
    if (await this.insert(tx, actor, line)) return 'created';
    if (!replace) return 'present';
    await this.replace(tx, actor, line);
    return 'replaced';
  }

  private async insert(tx: Transaction, actor: AuditActor, line: ClientLine): Promise<boolean> {
    this.unknownHash ??= this.hasher.hash(randomSecret());
    const inserted = await tx.query<unknown[]>(
      `INSERT INTO clients (id, client_id, name, role, spaces, disabled, secret_hash, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (client_id) DO NOTHING RETURNING id`,
      [
        newId(),
        line.client_id,
        line.name,
        line.role,
        line.spaces ?? null,
        line.disabled ?? false,
        await this.unknownHash,
        line.created_at,
      ],
    );
    if (inserted.length === 0) return false;
    const client = await held(tx, line.client_id);
    await startAboveCutOff(tx, client);
    await this.record(tx, actor, 'client.import', line.client_id, undefined, client);
    return true;
  }

  private async replace(tx: Transaction, actor: AuditActor, line: ClientLine): Promise<void> {
    const client = await held(tx, line.client_id);
    const before = { ...client };
    client.name = line.name;
    client.role = line.role;
    client.spaces = line.spaces ?? null;
    client.disabled = line.disabled ?? false;
    if (changedAccess(before, client)) await this.cutOff.client(tx, client);
    await tx.save(client);
    await this.record(tx, actor, 'client.update', line.client_id, before, client);
  }

  private record(
    tx: Transaction,
    actor: AuditActor,
    action: string,
    clientId: string,
    before: ClientEntity | undefined,
    after: ClientEntity,
  ): Promise<void> {
    const change = { before: before && toClient(before), after: toClient(after) };
    const spaces = concernedSpaces(before, after);
    return this.audit.record(tx, actor, [{ action, target: `client:${clientId}`, ...change, spaces }]);
  }
}

/** Locks a client that must exist. */
async function held(tx: Transaction, clientId: string): Promise<ClientEntity> {
  const client = await lockClient(tx, clientId);
  if (!client) throw new Error(`the client ${clientId} was deleted meanwhile`);
  return client;
}
