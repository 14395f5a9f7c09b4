import { Injectable } from '@nestjs/common';
import { AuditLog, type Caller } from '#auth';
import { CapabilityNotFoundError, toPageResponse } from '#common';
import { Transactions } from '#database';
import { CapabilitiesRepository } from './capabilities.repository.js';
import type { CapabilityStatus } from '../model/capability.entity.js';
import { CatalogueChanges } from '../catalogue/catalogue-changes.js';
import type { ListCapabilitiesQuery } from './skill.query.js';
import type { CapabilityPageResponse, CapabilityStatusChangedResponse } from '../model/skill.response.js';
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

  /** @throws CapabilityNotFoundError (1005), PermissionError (1003) */
  async changeStatus(
    caller: Caller,
    capabilityId: string,
    status: CapabilityStatus,
  ): Promise<CapabilityStatusChangedResponse> {
    const { skillId, at } = await this.transactions.run(async (tx) => {
      const skillId = await this.repository.findSkillId(tx, capabilityId);
      // Locks the Skill first, as every other change does, so that changes do not deadlock.
      const skill = skillId === undefined ? undefined : await this.writer.lock(tx, skillId);
      if (!skill || !caller.maySee(skill.space_id)) throw new CapabilityNotFoundError();
      caller.assertMayChange(skill.owner);
      const change = await this.repository.changeStatus(tx, capabilityId, status);
      if (!change) throw new CapabilityNotFoundError();
      await this.writer.touch(tx, caller.clientId, skill);
      const before = { status: change.before };
      const after = { status };
      await this.audit.record(tx, caller, [
        { action: 'capability.status', target: `capability:${capabilityId}`, before, after, spaces: [skill.space_id] },
      ]);
      return { skillId: skill.id, at: change.at };
    });
    await this.changes.announce([skillId]);
    return { capability_id: capabilityId, status, updated_at: at.toISOString() };
  }
}
