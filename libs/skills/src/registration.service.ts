import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import { CacheProvider } from '#cache';
import { ApiError, BadParameterError, ConflictError, SkillNotFoundError, validateEach } from '#common';
import type { Transaction } from '#database';
import { IdempotencyService } from '#idempotency';
import { LeaseTerms } from './lease-terms.js';
import { SkillSecrets } from './secrets/index.js';
import { SKILL_CACHE } from './skill.cache.js';
import { type BatchRegisterBody, RegisterSkillBody } from './skill.dto.js';
import type {
  BatchRegisteredItemResponse,
  BatchRegisteredResponse,
  RegisteredResponse,
  UnregisteredResponse,
} from './skill.response.js';
import { keyOf } from './skill-key.js';
import { MAX_PARTS, SkillLimitError } from './skill-limits.js';
import { placed } from './spaces.js';
import { type SkillLeases, SkillObservers } from './skill-observers.js';
import { type RegisteredSkill, SkillWriter } from './skill-writer.js';

interface BatchItem {
  index: number;
  body: RegisterSkillBody;
}

/** Skills that announce themselves and leave (AI Bridge v0.6.0, Skill interface: register, unregister). */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly writer: SkillWriter,
    private readonly idempotency: IdempotencyService,
    private readonly cache: CacheProvider,
    private readonly observers: SkillObservers,
    private readonly terms: LeaseTerms,
    private readonly secrets: SkillSecrets,
  ) {}

  /** @throws ConflictError (1006) when the name and version, or the id, belong to another; PermissionError (1003) */
  async register(caller: Caller, body: RegisterSkillBody, key: string | undefined): Promise<RegisteredResponse> {
    const request = { actor: caller.clientId, key, operation: 'skills.register', payload: body };
    let leases: SkillLeases[] = [];
    const response = await this.idempotency
      .run(request, async (tx): Promise<RegisteredResponse> => {
        const [skill] = await this.writer.register(tx, caller, [placed(caller, body)]);
        if (!skill) throw new ConflictError();
        leases = [skill.leases];
        return this.answer(skill);
      })
      .catch((error: unknown) => {
        throw error instanceof SkillLimitError ? tooMany(error.part) : error;
      });
    await this.announce(leases);
    return response;
  }

  /** One result per item, in order; a bad item fails alone, all others are committed together. */
  async batch(
    caller: Caller,
    { skills }: BatchRegisterBody,
    key: string | undefined,
  ): Promise<BatchRegisteredResponse> {
    const request = { actor: caller.clientId, key, operation: 'skills.batch', payload: skills };
    const failed = new Map<number, ApiError>();
    const items = await this.validate(caller, skills, failed);
    for (;;) {
      try {
        const leases = new Map<string, SkillLeases>();
        const response = await this.idempotency.run(request, (tx) => {
          leases.clear();
          return this.registerItems(tx, caller, items, failed, leases);
        });
        await this.announce([...leases.values()]);
        return response;
      } catch (error) {
        if (!(error instanceof SkillLimitError) || !this.excludeOverfull(error, items, failed)) throw error;
      }
    }
  }

  /** @throws SkillNotFoundError (1004), PermissionError (1003) */
  async unregister(caller: Caller, skillId: string, key: string | undefined): Promise<UnregisteredResponse> {
    const request = { actor: caller.clientId, key, operation: 'skills.unregister', payload: skillId };
    const response = await this.idempotency.run(request, async (tx): Promise<UnregisteredResponse> => {
      const skill = await this.writer.lock(tx, skillId);
      if (!skill || !caller.maySee(skill.space_id)) throw new SkillNotFoundError();
      caller.assertMayChange(skill.owner);
      const at = await this.writer.remove(tx, caller, skill, 'skill.unregister');
      return { skill_id: skillId, status: 'unregistered', unregistered_at: at.toISOString() };
    });
    await this.cache.invalidate(SKILL_CACHE, skillId);
    await this.observers.changed([skillId]);
    return response;
  }

  private answer({ id, registered_at, generation }: RegisteredSkill): RegisteredResponse {
    return {
      skill_id: id,
      status: 'registered',
      registered_at: registered_at.toISOString(),
      generation,
      lease: this.terms.lease(),
      interval: this.terms.nextInterval(),
    };
  }

  /** After the commit; a repeated request that was answered as before has registered nothing. */
  private async announce(leases: readonly SkillLeases[]): Promise<void> {
    await this.cache.invalidate(SKILL_CACHE, ...leases.map(({ skillId }) => skillId));
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
        items.push({ index, body: placed(caller, body) });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        failed.set(index, error);
      }
    }
    return items;
  }

  private async registerItems(
    tx: Transaction,
    caller: Caller,
    items: readonly BatchItem[],
    failed: ReadonlyMap<number, ApiError>,
    leases: Map<string, SkillLeases>,
  ): Promise<BatchRegisteredResponse> {
    const results = new Map<number, BatchRegisteredItemResponse>();
    for (const [index, error] of failed) results.set(index, failedItem(index, error));
    for (const round of roundsOf(items)) {
      const registered = await this.writer.register(
        tx,
        caller,
        round.map(({ body }) => body),
      );
      for (const [place, { index }] of round.entries()) {
        const skill = registered[place];
        if (skill) leases.set(skill.id, merged(leases.get(skill.id), skill.leases));
        results.set(
          index,
          skill
            ? { index, status: skill.created ? 'created' : 'updated', skill_id: skill.id }
            : failedItem(index, new ConflictError()),
        );
      }
    }
    return { results: [...results.values()].sort((a, b) => a.index - b.index) };
  }

  /** Takes the items of Skills that grew too large out of the batch. Returns false when that excludes nothing. */
  private excludeOverfull(
    { names, part }: SkillLimitError,
    items: BatchItem[],
    failed: Map<number, ApiError>,
  ): boolean {
    const overfull = new Set(names);
    const kept = items.filter(({ body }) => !overfull.has(keyOf(body)));
    for (const { index, body } of items) if (overfull.has(keyOf(body))) failed.set(index, tooMany(part));
    const excluded = kept.length < items.length;
    items.splice(0, items.length, ...kept);
    return excluded;
  }
}

/** Items in rounds, in which each name and version, and each id, occurs once: a statement can change a row only once. */
function roundsOf(items: readonly BatchItem[]): BatchItem[][] {
  const rounds: { items: BatchItem[]; taken: Set<string> }[] = [];
  for (const item of items) {
    const marks = [keyOf(item.body), ...(item.body.skill_id === undefined ? [] : [item.body.skill_id])];
    let round = rounds.find(({ taken }) => marks.every((mark) => !taken.has(mark)));
    if (!round) rounds.push((round = { items: [], taken: new Set() }));
    round.items.push(item);
    for (const mark of marks) round.taken.add(mark);
  }
  return rounds.map((round) => round.items);
}

/** Of a Skill that registers twice in one batch; the later generation of an endpoint comes last and holds. */
function merged(before: SkillLeases | undefined, leases: SkillLeases): SkillLeases {
  return before ? { ...leases, endpoints: [...before.endpoints, ...leases.endpoints] } : leases;
}

function failedItem(index: number, error: ApiError): BatchRegisteredItemResponse {
  return { index, status: 'failed', code: error.code, message: error.summary };
}

function tooMany(part: string): BadParameterError {
  return new BadParameterError([{ field: part, reason: `a Skill may have at most ${MAX_PARTS} in all` }]);
}
