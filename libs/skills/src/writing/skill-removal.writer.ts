import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import type { Transaction } from '#database';
import { SkillCompanions } from '../model/skill-companions.js';
import { SkillNames } from '../names/index.js';
import { type RemovalAction, SkillAudit } from './skill-audit.js';
import { SkillHistory } from './skill-history.js';
import type { LockedSkill } from './skill-writer.js';

/** Deletes Skills for clients, within the caller's transaction. */
@Injectable()
export class SkillRemovalWriter {
  constructor(
    private readonly history: SkillHistory,
    private readonly audit: SkillAudit,
    private readonly names: SkillNames,
    private readonly companions: SkillCompanions,
  ) {}

  /** Deletes a Skill. The owner keeps name and id for REGISTRY_NAME_HOLD. Returns the time of deletion. */
  async remove(tx: Transaction, caller: Caller, skill: LockedSkill, action: RemovalAction): Promise<Date> {
    const before = await this.audit.stateOf(tx, skill.id);
    // A Skill that is deleted is not expected to return.
    if (action === 'skill.unregister') await this.companions.leaving(tx, [skill.id]);
    const [rows] = await tx.query<[{ at: Date }[], number]>('DELETE FROM skills WHERE id = $1 RETURNING now() AS at', [
      skill.id,
    ]);
    await this.names.freed(tx, [skill], { ids: true });
    const { id, name, version, owner, registered_at } = skill;
    await this.history.record(tx, [
      { id, name, version, owner, registered_at, event: 'unregistered', actor: caller.clientId },
    ]);
    await this.audit.record(tx, caller, action, [{ skillId: id, before }]);
    return rows[0]?.at ?? new Date();
  }
}
