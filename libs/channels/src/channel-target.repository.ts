import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';
import { isCapability, orderCapabilities, toCapabilityKey } from '#skills';

export interface TargetCapability {
  id: string;
  status: 'enabled' | 'disabled';
}

/** Skills and capabilities for new channels. */
@Injectable()
export class ChannelTargetRepository {
  /**
   * Locks the Skill against deletion, and so its capabilities, until the end of the transaction. Heartbeats and registrations
   * do not wait for this lock.
   */
  async lockSkill(tx: Transaction, skillId: string): Promise<{ space_id: string | null } | undefined> {
    const [skill] = await tx.query<{ space_id: string | null }[]>(
      'SELECT space_id FROM skills WHERE id = $1 FOR KEY SHARE',
      [skillId],
    );
    return skill;
  }

  /** Finds a capability by its UUID, its external id or its name, in this order: a name may look like an id. */
  async findCapability(tx: Transaction, skillId: string, idOrName: string): Promise<TargetCapability | undefined> {
    const [capability] = await tx.query<TargetCapability[]>(
      `SELECT c.id, c.status FROM capabilities c WHERE c.skill_id = $1 AND ${isCapability('c', '$2', '$3')}
       ORDER BY ${orderCapabilities('c', '$2', '$3')} LIMIT 1`,
      [skillId, ...toCapabilityKey(idOrName)],
    );
    return capability;
  }
}
