import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import {
  ConflictError,
  isObject,
  newId,
  type Page,
  SkillNotFoundError,
  skipToSlice,
  toPageResponse,
  toSlice,
} from '#common';
import { type Transaction, Transactions, violatesUnique } from '#database';
import { IdempotencyService } from '#idempotency';
import { DiscoveryExplainer } from './reading/discovery-explainer.js';
import { assertMatch } from './reading/etag.js';
import { validatePatched } from './writing/patched-body.js';
import { toBody } from './model/skill-body.js';
import { SkillQuotas } from './writing/skill-quotas.js';
import { CatalogueChanges } from './catalogue/catalogue-changes.js';
import {
  type ChangeSkillStatusBody,
  type CreateSkillBody,
  type PatchSkillBody,
  ReplaceSkillBody,
} from './model/skill.dto.js';
import { type DiscoverQuery, inNfc, type ListSkillsQuery } from './reading/skill.query.js';
import type {
  DiscoverResponse,
  SkillResponse,
  SkillStatusChangedResponse,
  TaggedSkill,
} from './model/skill.response.js';
import { completeSkill } from './reading/complete-capability.js';
import { proveSchemas } from './schemas/index.js';
import { inSpace, selectSpaces } from './reading/spaces.js';
import { SkillObservers } from './model/skill-observers.js';
import type { WarningResponse } from './model/warning.response.js';
import { listWarnings } from './model/warnings.js';
import { findLookAlike, warnOfLookAlike } from './names/index.js';
import { type LockedSkill, SkillWriter } from './writing/skill-writer.js';
import { SkillsRepository } from './reading/skills.repository.js';

/** Skills as resources: read, found, created and changed. Who may change a Skill is decided on the locked row. */
@Injectable()
export class SkillsService {
  constructor(
    private readonly repository: SkillsRepository,
    private readonly writer: SkillWriter,
    private readonly transactions: Transactions,
    private readonly idempotency: IdempotencyService,
    private readonly changes: CatalogueChanges,
    private readonly observers: SkillObservers,
    private readonly explainer: DiscoveryExplainer,
    private readonly quotas: SkillQuotas,
  ) {}

  list(caller: Caller, query: ListSkillsQuery): Promise<Page<SkillResponse>> {
    const filter = { ...query, spaces: selectSpaces(caller, query.space_id) };
    return this.repository.page(filter, { callableOnly: false }, skipToSlice(query));
  }

  /** Skills that can be called: alive, active unless another status is asked for, by enabled capabilities only. */
  async discover(caller: Caller, query: DiscoverQuery): Promise<DiscoverResponse> {
    const filter = { ...query, status: query.status ?? 'active', spaces: selectSpaces(caller, query.space_id) };
    const explained = query.explain === 'true';
    const [{ items, ...page }, explain] = await Promise.all([
      this.repository.page(filter, { callableOnly: true }, toSlice(query)),
      explained ? this.explainer.explain(caller, inNfc(filter)) : undefined,
    ]);
    return { ...toPageResponse(query, page), skills: items, ...(explain && { explain }) };
  }

  /** @throws SkillNotFoundError (1004) */
  async get(caller: Caller, skillId: string): Promise<TaggedSkill> {
    const skill = await this.repository.find(skillId);
    if (!skill || !caller.maySee(skill.skill.space_id)) throw new SkillNotFoundError();
    return completed(skill);
  }

  /** @throws ConflictError (1006) when the name and version are taken, by whomever and wherever; PermissionError (1003) */
  async create(caller: Caller, body: CreateSkillBody, key: string | undefined): Promise<TaggedSkill> {
    await proveSchemas(body);
    const request = { actor: caller.clientId, key, operation: 'skills.create', payload: body };
    const created = await this.idempotency.run(request, async (tx) => {
      const id = newId();
      const where = inSpace(caller, body);
      await this.quotas.assertRoom(tx, caller.clientId, where);
      const { alike } = await this.writer.create(tx, id, caller, where);
      return withWarnings(await this.read(tx, id), body, warnOfLookAlike(alike));
    });
    await this.changes.announce([created.skill.id]);
    return created;
  }

  async replace(
    caller: Caller,
    skillId: string,
    body: ReplaceSkillBody,
    ifMatch: string | undefined,
  ): Promise<TaggedSkill> {
    await proveSchemas(body);
    return this.change(caller, skillId, ifMatch, (tx, skill) => this.store(tx, caller, skill, body));
  }

  /** RFC 7396 on the Skill as PUT takes it; the result must be valid as a whole. */
  async patch(
    caller: Caller,
    skillId: string,
    patch: PatchSkillBody,
    ifMatch: string | undefined,
  ): Promise<TaggedSkill> {
    // What is stored has been compiled.
    if (isObject(patch)) await proveSchemas(patch);
    return this.change(caller, skillId, ifMatch, async (tx, skill) => {
      const present = toBody((await this.read(tx, skillId)).skill);
      return this.store(tx, caller, skill, await validatePatched(present, patch));
    });
  }

  changeStatus(
    caller: Caller,
    skillId: string,
    { status }: ChangeSkillStatusBody,
    ifMatch: string | undefined,
  ): Promise<SkillStatusChangedResponse> {
    return this.change(caller, skillId, ifMatch, async (tx, skill) => {
      const at = await this.writer.changeStatus(tx, caller, skill, status);
      return { skill_id: skill.external_id ?? skillId, id: skillId, status, updated_at: at.toISOString() };
    });
  }

  /** Locks the Skill, checks who may and what was expected, changes it, and announces the change after the commit. */
  private async change<T>(
    caller: Caller,
    skillId: string,
    ifMatch: string | undefined,
    work: (tx: Transaction, skill: LockedSkill) => Promise<T>,
  ): Promise<T> {
    const result = await this.transactions.run(async (tx) => {
      const skill = await this.writer.lock(tx, skillId);
      if (!skill || !caller.maySee(skill.space_id)) throw new SkillNotFoundError();
      caller.assertMayChange(skill.owner);
      assertMatch(ifMatch, skill.etag);
      return work(tx, skill);
    });
    await this.changes.announce([skillId]);
    await this.observers.changed([skillId]);
    return result;
  }

  private async store(
    tx: Transaction,
    caller: Caller,
    skill: LockedSkill,
    body: ReplaceSkillBody,
  ): Promise<TaggedSkill> {
    const where = inSpace(caller, body);
    await this.quotas.assertRoomFor(tx, skill, where);
    try {
      await this.writer.replace(tx, caller, skill, where);
    } catch (error) {
      if (violatesUnique(error, 'uq_skills_name_version')) throw new ConflictError();
      throw error;
    }
    const owner = { clientId: skill.owner, spaces: caller.spaces };
    const alike = body.name === skill.name ? undefined : await findLookAlike(tx, owner, body.name);
    return withWarnings(await this.read(tx, skill.id), body, warnOfLookAlike(alike));
  }

  private async read(tx: Transaction, skillId: string): Promise<TaggedSkill> {
    const skill = await this.repository.find(skillId, tx);
    if (!skill) throw new SkillNotFoundError();
    return skill;
  }
}

function withWarnings(stored: TaggedSkill, body: CreateSkillBody, warnings?: WarningResponse[]): TaggedSkill {
  const tagged = completed(stored);
  return { ...tagged, skill: { ...tagged.skill, ...listWarnings(body, warnings) } };
}

/** As it is answered. */
function completed(tagged: TaggedSkill): TaggedSkill {
  return { ...tagged, skill: completeSkill(tagged.skill) };
}
