import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import { BadParameterError, ConflictError, NotFoundError, selectByUrl, SkillNotFoundError } from '#common';
import type { Transaction } from '#database';
import { IdempotencyService } from '#idempotency';
import { CatalogueChanges } from '../catalogue/index.js';
import type { DrainingResponse, LeavingBody, UnregisteredResponse } from '../model/leaving.dto.js';
import { SkillObservers } from '../model/skill-observers.js';
import { assertMatch } from '../reading/etag.js';
import { EndpointLeavingWriter, type HeldEndpoint } from './endpoint-leaving.writer.js';
import { SkillRemovalWriter } from './skill-removal.writer.js';
import { type LockedSkill, SkillWriter } from './skill-writer.js';

/** What a client asks for. */
export interface Leaving {
  skillId: string;
  body: LeavingBody;
  /** The `If-Match` header: the ETag that the Skill must still have. */
  ifMatch: string | undefined;
  /** `Idempotency-Key` */
  key: string | undefined;
}

/**
 * Unregisters and drains Skills and endpoints, and deletes Skills (AI Bridge v0.6.0, Skill interface: unregister). The lock
 * on the Skill decides between replicas that leave or register at once. All methods throw SkillNotFoundError (1004),
 * PermissionError (1003), PreconditionFailedError (1011); those with a body also NotFoundError (1010) if the Skill has no
 * such endpoint, ConflictError (1006) if there is a newer registration.
 */
@Injectable()
export class LeavingService {
  constructor(
    private readonly writer: SkillWriter,
    private readonly removal: SkillRemovalWriter,
    private readonly endpoints: EndpointLeavingWriter,
    private readonly idempotency: IdempotencyService,
    private readonly changes: CatalogueChanges,
    private readonly observers: SkillObservers,
  ) {}

  /** DELETE /skills/{skill_id} */
  async remove(caller: Caller, skillId: string, ifMatch: string | undefined): Promise<void> {
    const leaving = { skillId, body: {}, ifMatch, key: undefined };
    await this.run(caller, leaving, 'skills.delete', async (tx, skill) => {
      await this.removal.remove(tx, caller, skill, 'skill.delete');
    });
  }

  /** Unregisters one endpoint, and the Skill with its last one; without `endpoint_url` the Skill. */
  unregister(caller: Caller, leaving: Leaving): Promise<UnregisteredResponse> {
    return this.run(caller, leaving, 'skills.unregister', async (tx, skill, named, left) => {
      const at = await (named && left > 0
        ? this.endpoints.remove(tx, caller, skill, named)
        : this.removal.remove(tx, caller, skill, 'skill.unregister'));
      return {
        ...toIds(skill),
        status: 'unregistered',
        unregistered_at: at.toISOString(),
        ...(named && { endpoints_left: left }),
      };
    });
  }

  /** Routes no new calls to one endpoint, or to all endpoints of the Skill. */
  drain(caller: Caller, leaving: Leaving): Promise<DrainingResponse> {
    return this.run(caller, leaving, 'skills.drain', async (tx, skill, named) => {
      const { at, endpoints } = await this.endpoints.drain(tx, caller, skill, named);
      return { ...toIds(skill), status: 'draining', draining_at: at.toISOString(), endpoints };
    });
  }

  /** Locks the Skill, checks who may and what was expected, does `work`, and announces the change after the commit. */
  private async run<T>(
    caller: Caller,
    { skillId, body, ifMatch, key }: Leaving,
    operation: string,
    work: (tx: Transaction, skill: LockedSkill, named: HeldEndpoint | undefined, left: number) => Promise<T>,
  ): Promise<T> {
    const request = { actor: caller.clientId, key, operation, payload: [skillId, body] };
    const result = await this.idempotency.run(request, async (tx) => {
      const skill = await this.writer.lock(tx, skillId);
      if (!skill || !caller.maySee(skill.space_id)) throw new SkillNotFoundError();
      assertNamesSkill(body, skill);
      caller.assertMayChange(skill.owner);
      assertMatch(ifMatch, skill.etag);
      const { endpoint_url: url, generation } = body;
      if (url === undefined && generation === undefined) return work(tx, skill, undefined, 0);
      const held = await this.endpoints.find(tx, skill.id);
      const [named] = url === undefined ? [] : selectByUrl(held.endpoints, url);
      if (url !== undefined && !named) throw new NotFoundError('This Skill has no such endpoint');
      if (generation !== undefined && generation < (named ?? held).generation) {
        throw new ConflictError('A newer registration has taken over');
      }
      return work(tx, skill, named, held.endpoints.length - 1);
    });
    await this.changes.announce([skillId]);
    await this.observers.changed([skillId]);
    return result;
  }
}

function toIds({ id, external_id }: LockedSkill): { skill_id: string; id: string } {
  return { skill_id: external_id ?? id, id };
}

/** @throws BadParameterError (1001) */
function assertNamesSkill({ skill_id: named }: LeavingBody, { id }: LockedSkill): void {
  if (named === undefined || named === id) return;
  throw new BadParameterError([{ field: 'skill_id', reason: 'must be the one in the path' }]);
}
