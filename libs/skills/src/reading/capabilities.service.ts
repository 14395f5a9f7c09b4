import { Injectable } from '@nestjs/common';
import { AuditLog, type Caller } from '#auth';
import { BadParameterError, CapabilityNotFoundError, toPageResponse } from '#common';
import { Transactions } from '#database';
import { CapabilitiesRepository } from './capabilities.repository.js';
import type { ChangeCapabilityStatusBody } from '../model/capability.dto.js';
import { CatalogueChanges } from '../catalogue/catalogue-changes.js';
import type { ListCapabilitiesQuery } from './skill.query.js';
import type { CapabilityPageResponse, CapabilityStatusChangedResponse } from '../model/capability.response.js';
import { selectSpaces } from './spaces.js';
import { SkillWriter } from '../writing/skill-writer.js';

/** Capabilities across Skills (AI Bridge v0.6.0: REQ-005 to REQ-008). */
@Injectable()
export class CapabilitiesService {
  constructor(
    private readonly repository: CapabilitiesRepository,
    private readonly writer: SkillWriter,
    private readonly transactions: Transactions,
    private readonly changes: CatalogueChanges,
    private readonly audit: AuditLog,
  ) {}

  async list(caller: Caller, query: ListCapabilitiesQuery): Promise<CapabilityPageResponse> {
    const { items, ...page } = await this.repository.page(query, selectSpaces(caller, query.space_id));
    return { ...toPageResponse(query, page), capabilities: items };
  }

  /**
   * @throws CapabilityNotFoundError (1005), PermissionError (1003); BadParameterError (1001) if the caller may change several
   * capabilities with this id and names no Skill
   */
  async changeStatus(
    caller: Caller,
    givenId: string,
    { status, skill_id }: ChangeCapabilityStatusBody,
  ): Promise<CapabilityStatusChangedResponse> {
    const { capability, at } = await this.transactions.run(async (tx) => {
      const [capability, other] = await this.repository.findByKey(tx, caller, givenId, skill_id);
      if (!capability) throw new CapabilityNotFoundError();
      if (other?.changeable) {
        throw new BadParameterError([
          { field: 'skill_id', reason: 'is required: several Skills have such a capability' },
        ]);
      }
      // Locks the Skill first, as every other change does, so that changes do not deadlock.
      const skill = await this.writer.lock(tx, capability.skill_id);
      if (!skill || !caller.maySee(skill.space_id)) throw new CapabilityNotFoundError();
      caller.assertMayChange(skill.owner);
      const change = await this.repository.changeStatus(tx, capability.id, status);
      if (!change) throw new CapabilityNotFoundError();
      await this.writer.touch(tx, caller.clientId, skill);
      const before = { status: change.before };
      const after = { status };
      await this.audit.record(tx, caller, [
        { action: 'capability.status', target: `capability:${capability.id}`, before, after, spaces: [skill.space_id] },
      ]);
      return { capability, at: change.at };
    });
    const { id, external_id, skill_id: skillId } = capability;
    await this.changes.announce([skillId]);
    return { capability_id: external_id ?? id, id, status, updated_at: at.toISOString() };
  }
}
