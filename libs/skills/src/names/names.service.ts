import { Injectable } from '@nestjs/common';
import { AuditLog, type Caller, ClientLookup } from '#auth';
import { BadParameterError, ConflictError, PermissionError, SkillNotFoundError } from '#common';
import { type Transaction, Transactions } from '#database';
import { SkillHistory } from '../writing/skill-history.js';
import { NameAnnouncer } from './name-announcer.js';
import type { NameResponse, ShareNameBody, TransferNameBody } from './name.dto.js';
import { type KnownName, type MovedSkill, NamesRepository } from './names.repository.js';
import { SkillNames } from './skill-names.js';

/** Reads, shares, transfers and frees names (docs/adr/0031). Names that a caller may not see do not exist for it. */
@Injectable()
export class NamesService {
  constructor(
    private readonly repository: NamesRepository,
    private readonly names: SkillNames,
    private readonly clients: ClientLookup,
    private readonly transactions: Transactions,
    private readonly audit: AuditLog,
    private readonly history: SkillHistory,
    private readonly announcer: NameAnnouncer,
  ) {}

  /** @throws SkillNotFoundError (1004) when it is free, or the caller may not see it */
  async get(caller: Caller, name: string): Promise<NameResponse> {
    const find = () => this.repository.find(name, caller.spaces);
    const known = await find();
    if (known) return seenBy(caller, known);
    await this.transactions.run((tx) => this.names.adopt(tx, name));
    return seenBy(caller, await find());
  }

  /**
   * Replaces the list of clients that share the name. @throws SkillNotFoundError (1004), PermissionError (1003),
   * BadParameterError (1001) for ids that are no clients within the Spaces of the caller
   */
  share(caller: Caller, name: string, { client_ids }: ShareNameBody): Promise<NameResponse> {
    return this.transactions.run(async (tx) => {
      const known = await this.lock(tx, caller, name);
      if (known.owner !== caller.clientId && !manages(caller, known)) {
        throw new PermissionError('This name belongs to another client');
      }
      const others = client_ids.filter((id) => id !== known.owner);
      await this.assertClients(
        tx,
        caller,
        others.filter((id) => !known.shared_with.includes(id)),
      );
      await this.repository.share(tx, name, others);
      return this.changed(tx, caller, 'name.share', known, { shared_with: others.toSorted() });
    });
  }

  /**
   * Gives the name, and the owner's Skills with this name, to another client. The Skills keep their ids and leases.
   * @throws SkillNotFoundError (1004), PermissionError (1003), NotFoundError (1010) without such a client, ConflictError
   * (1006) if the client is disabled
   */
  async transfer(caller: Caller, name: string, { client_id }: TransferNameBody): Promise<NameResponse> {
    let moved: MovedSkill[] = [];
    const response = await this.transactions.run(async (tx) => {
      await this.clients.assertActive(tx, caller, client_id);
      const known = await this.lock(tx, caller, name);
      assertManages(caller, known);
      moved = known.owner === client_id ? [] : await this.repository.transfer(tx, known, client_id);
      await this.history.record(
        tx,
        moved.map((skill) => ({ ...skill, event: 'updated', actor: caller.clientId })),
      );
      const before = { owner: known.owner };
      const after = { owner: client_id };
      await this.audit.record(
        tx,
        caller,
        moved.map(({ id, space_id }) => ({
          action: 'skill.transfer',
          target: `skill:${id}`,
          before,
          after,
          spaces: [space_id],
        })),
      );
      const shared_with = known.shared_with.filter((id) => id !== client_id);
      return this.changed(tx, caller, 'name.transfer', known, { owner: client_id, shared_with });
    });
    await this.announcer.changed(moved.map(({ id }) => id));
    return response;
  }

  /** Frees the name and the held ids of its Skills at once. @throws SkillNotFoundError (1004), PermissionError (1003), ConflictError (1006) */
  free(caller: Caller, name: string): Promise<void> {
    return this.transactions.run(async (tx) => {
      const known = await this.lock(tx, caller, name);
      assertManages(caller, known);
      if (known.in_use) throw new ConflictError('Skills have this name: unregister them first, or transfer the name');
      await this.repository.remove(tx, name);
      const before = toResponse(known);
      await this.audit.record(tx, caller, [{ action: 'name.free', target: `name:${name}`, before }]);
    });
  }

  /** @throws BadParameterError (1001) with each id that this caller cannot see, because it is limited to Spaces */
  private async assertClients(tx: Transaction, caller: Caller, clientIds: readonly string[]): Promise<void> {
    const unknown = await this.clients.outOfReach(tx, caller, clientIds);
    if (unknown.length === 0) return;
    throw new BadParameterError(unknown.map((id) => ({ field: 'client_ids', reason: `"${id}" is no client` })));
  }

  private async lock(tx: Transaction, caller: Caller, name: string): Promise<KnownName> {
    await this.names.adopt(tx, name);
    await this.repository.lock(tx, name);
    const known = await this.repository.find(name, caller.spaces, tx);
    seenBy(caller, known);
    if (!known) throw new SkillNotFoundError();
    return known;
  }

  private async changed(
    tx: Transaction,
    caller: Caller,
    action: string,
    known: KnownName,
    change: Partial<NameResponse>,
  ): Promise<NameResponse> {
    const before = toResponse(known);
    const after = { ...before, ...change };
    await this.audit.record(tx, caller, [{ action, target: `name:${known.name}`, before, after }]);
    return after;
  }
}

function toResponse({ name, owner, shared_with }: KnownName): NameResponse {
  return { name, owner, shared_with };
}

/** Whether an admin manages the name. With a limit to Spaces, all Skills of the name must be in these Spaces. */
function manages(caller: Caller, { in_use, elsewhere }: KnownName): boolean {
  return caller.may('client:manage') && (caller.spaces === undefined || (in_use && !elsewhere));
}

/** @throws PermissionError (1003) */
function assertManages(caller: Caller, known: KnownName): void {
  if (manages(caller, known)) return;
  throw new PermissionError(
    known.in_use
      ? 'Skills of this name are in Spaces that this client is not limited to'
      : 'A name without Skills is in no Space: an admin without a limit to Spaces manages it',
  );
}

/**
 * The name as this caller may see it. Its owner, clients that share it and admins see all. Others see a client only if
 * they see a Skill of it with this name. @throws SkillNotFoundError (1004)
 */
function seenBy(caller: Caller, known: KnownName | undefined): NameResponse {
  if (!known) throw new SkillNotFoundError();
  const { clientId, spaces } = caller;
  const hasPart = known.owner === clientId || known.shared_with.includes(clientId) || manages(caller, known);
  const visible = new Set(known.visible_owners);
  if (hasPart || (spaces === undefined && visible.size > 0)) return toResponse(known);
  if (!visible.has(known.owner)) throw new SkillNotFoundError();
  return { ...toResponse(known), shared_with: known.shared_with.filter((id) => visible.has(id)) };
}
