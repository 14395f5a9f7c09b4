import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import { ApiError, BadParameterError, ConflictError, validateEach } from '#common';
import type { Transaction } from '#database';
import { IdempotencyService } from '#idempotency';
import { LeaseTerms } from '../model/lease-terms.js';
import { SkillQuotas } from './skill-quotas.js';
import { SkillSecrets } from '../secrets/index.js';
import { CatalogueChanges } from '../catalogue/catalogue-changes.js';
import { type BatchRegisterBody, RegisterSkillBody } from '../model/skill.dto.js';
import type {
  BatchRegisteredItemResponse,
  BatchRegisteredResponse,
  RegisteredResponse,
} from '../model/registration.response.js';
import { proveSchemas } from '../schemas/index.js';
import { inSpace } from '../reading/spaces.js';
import { type SkillLeases, SkillObservers } from '../model/skill-observers.js';
import { listWarnings } from '../model/warnings.js';
import { warnOfLookAlike } from '../names/index.js';
import type { RegisteredSkill } from './registration-batch.js';
import { SkillWriter } from './skill-writer.js';

interface BatchItem {
  index: number;
  body: RegisterSkillBody;
}

/** Registers Skills (AI Bridge v0.6.0, Skill interface: register). */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly writer: SkillWriter,
    private readonly idempotency: IdempotencyService,
    private readonly changes: CatalogueChanges,
    private readonly observers: SkillObservers,
    private readonly terms: LeaseTerms,
    private readonly secrets: SkillSecrets,
    private readonly quotas: SkillQuotas,
  ) {}

  /**
   * @throws ConflictError (1006) if the name or the Skill belongs to another client, or the id to another Skill;
   * PermissionError (1003); QuotaExceededError (1009)
   */
  async register(caller: Caller, body: RegisterSkillBody, key: string | undefined): Promise<RegisteredResponse> {
    await proveSchemas(body);
    const request = { actor: caller.clientId, key, operation: 'skills.register', payload: body };
    let leases: SkillLeases[] = [];
    const response = await this.idempotency.run(request, async (tx): Promise<RegisteredResponse> => {
      const where = inSpace(caller, body);
      await this.quotas.assertRoom(tx, caller.clientId, where);
      const [skill = new ConflictError()] = await this.write(tx, caller, [where]);
      if (skill instanceof ApiError) throw skill;
      leases = [skill.leases];
      return { ...this.answer(skill), ...listWarnings(body, warnOfLookAlike(skill.alike)) };
    });
    await this.announce(leases);
    return response;
  }

  /** Returns one result for each item, in order. A bad item fails alone; all others are committed together. */
  async batch(
    caller: Caller,
    { skills }: BatchRegisterBody,
    key: string | undefined,
  ): Promise<BatchRegisteredResponse> {
    const request = { actor: caller.clientId, key, operation: 'skills.batch', payload: skills };
    const failed = new Map<number, ApiError>();
    const items = await this.validate(caller, skills, failed);
    let leases: readonly SkillLeases[] = [];
    const response = await this.idempotency.run(request, async (tx): Promise<BatchRegisteredResponse> => {
      const bodies = items.map(({ body }) => body);
      const refusals = await this.quotas.admit(tx, caller.clientId, bodies);
      const allowed = bodies.filter((_, place) => refusals[place] === undefined);
      const registered = allowed.length > 0 ? await this.write(tx, caller, allowed) : [];
      leases = collectLeases(registered);
      const outcomes = registered.values();
      const results = items.map(({ index, body }, place) => {
        const outcome = refusals[place] ?? outcomes.next().value ?? new ConflictError();
        return toResult(index, body, outcome);
      });
      for (const [index, error] of failed) results.push(toFailure(index, error));
      return { results: results.sort((a, b) => a.index - b.index) };
    });
    await this.announce(leases);
    return response;
  }

  private write(
    tx: Transaction,
    caller: Caller,
    bodies: readonly RegisterSkillBody[],
  ): ReturnType<SkillWriter['register']> {
    return this.writer.register(tx, caller, bodies, (within, asked, held) =>
      this.quotas.admitHeld(within, caller.clientId, asked, held),
    );
  }

  private answer({ id, external_id, registered_at, generation }: RegisteredSkill): RegisteredResponse {
    return {
      skill_id: external_id ?? id,
      id,
      status: 'registered',
      registered_at: registered_at.toISOString(),
      generation,
      lease: this.terms.lease(),
      interval: this.terms.nextInterval(),
    };
  }

  /** Call it after the commit. A repeated request registers nothing, so it has no leases. */
  private async announce(leases: readonly SkillLeases[]): Promise<void> {
    await this.changes.announce(leases.map(({ skillId }) => skillId));
    await this.observers.registered(leases);
  }

  private async validate(
    caller: Caller,
    skills: readonly unknown[],
    failed: Map<number, ApiError>,
  ): Promise<BatchItem[]> {
    const items: BatchItem[] = [];
    for await (const [index, body] of validateEach(RegisterSkillBody, skills)) {
      try {
        if (body instanceof BadParameterError) throw body;
        this.secrets.assertStorable(body);
        await proveSchemas(body);
        items.push({ index, body: inSpace(caller, body) });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        failed.set(index, error);
      }
    }
    return items;
  }
}

/** Returns the leases of each Skill once. */
function collectLeases(registered: readonly (RegisteredSkill | ApiError)[]): SkillLeases[] {
  const skills = registered.flatMap((skill) => (skill instanceof ApiError ? [] : [skill]));
  return [...new Map(skills.map(({ id, leases }) => [id, leases])).values()];
}

function toResult(
  index: number,
  body: RegisterSkillBody,
  skill: RegisteredSkill | ApiError,
): BatchRegisteredItemResponse {
  if (skill instanceof ApiError) return toFailure(index, skill);
  const { id, external_id, created, alike } = skill;
  const status = created ? 'created' : 'updated';
  return { index, status, skill_id: external_id ?? id, id, ...listWarnings(body, warnOfLookAlike(alike)) };
}

function toFailure(index: number, { code, summary }: ApiError): BatchRegisteredItemResponse {
  return { index, status: 'failed', code, message: summary };
}
