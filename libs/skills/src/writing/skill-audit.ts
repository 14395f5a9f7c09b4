import { Injectable } from '@nestjs/common';
import { type AuditActor, AuditLog } from '#auth';
import type { Transaction } from '#database';
import { toBody } from '../model/skill-body.js';
import { maskedMap } from '../secrets/index.js';
import type { CreateSkillBody, ReplaceSkillBody } from '../model/skill.dto.js';
import { SkillsRepository } from '../reading/skills.repository.js';

/** How a Skill goes: as a resource, or by the protocol. */
export type RemovalAction = 'skill.delete' | 'skill.unregister';
export type SkillAction =
  'skill.create' | 'skill.import' | 'skill.register' | 'skill.update' | 'skill.status' | RemovalAction;

export interface SkillChange {
  skillId: string;
  before?: ReplaceSkillBody | undefined;
  after?: CreateSkillBody | undefined;
  /** The Space that it lives in, where neither of the two says so. */
  spaceId?: string | null | undefined;
}

/** Changes of Skills in the audit log. Digests are of what owners write, so that heartbeats do not change them. */
@Injectable()
export class SkillAudit {
  constructor(
    private readonly log: AuditLog,
    private readonly repository: SkillsRepository,
  ) {}

  /** The Skill as PUT takes it. */
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

/** Not even the digest of a secret is kept: a short one could be found by trying. */
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
