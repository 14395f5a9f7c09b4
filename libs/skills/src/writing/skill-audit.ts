import { Injectable } from '@nestjs/common';
import { type AuditActor, AuditLog } from '#auth';
import type { Transaction } from '#database';
import { toBody } from '../model/skill-body.js';
import { maskedMap } from '../secrets/index.js';
import type { CreateSkillBody, ReplaceSkillBody } from '../model/skill.dto.js';
import { SkillsRepository } from '../reading/skills.repository.js';

/** Removal with DELETE, or with the protocol. */
export type RemovalAction = 'skill.delete' | 'skill.unregister';
export type SkillAction =
  | 'skill.create'
  | 'skill.import'
  | 'skill.register'
  | 'skill.update'
  | 'skill.status'
  | 'endpoint.unregister'
  | 'endpoint.drain'
  | RemovalAction;

export interface SkillChange {
  skillId: string;
  before?: ReplaceSkillBody | undefined;
  after?: CreateSkillBody | undefined;
  /** The Space of the Skill, if neither `before` nor `after` names it. */
  spaceId?: string | null | undefined;
}

/** Records changes of Skills in the audit log. Digests cover only what owners write: heartbeats do not change them. */
@Injectable()
export class SkillAudit {
  constructor(
    private readonly log: AuditLog,
    private readonly repository: SkillsRepository,
  ) {}

  /** Returns the Skill as the body of a PUT, or undefined if it does not exist. */
  async stateOf(tx: Transaction, skillId: string): Promise<ReplaceSkillBody | undefined> {
    const found = await this.repository.find(skillId, tx);
    return found && toBody(found.skill);
  }

  record(tx: Transaction, actor: AuditActor, action: SkillAction, changes: readonly SkillChange[]): Promise<void> {
    return this.log.record(
      tx,
      actor,
      changes.map(({ skillId, before, after, spaceId }) => ({
        action,
        target: `skill:${skillId}`,
        before,
        after: after && masked(after),
        spaces: [before?.space_id, after?.space_id ?? spaceId],
      })),
    );
  }
}

/** Replaces secrets by the mask: a short secret could be guessed from its digest. */
function masked(body: CreateSkillBody): CreateSkillBody {
  const { endpoints, metadata } = body;
  return {
    ...body,
    endpoints: endpoints.map((endpoint) => ({
      ...endpoint,
      ...(endpoint.parameters && { parameters: maskedMap(endpoint.parameters) }),
    })),
    ...(metadata && { metadata: maskedMap(metadata) }),
  };
}
