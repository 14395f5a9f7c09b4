import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';
import { validate as isUuid } from 'uuid';

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

  /** Finds a capability by id or name. An id wins: a name may look like an id. */
  async findCapability(tx: Transaction, skillId: string, idOrName: string): Promise<TargetCapability | undefined> {
    const [capability] = await tx.query<TargetCapability[]>(
      `SELECT id, status FROM capabilities WHERE skill_id = $1 AND (id = $2::uuid OR name = $3)
       ORDER BY (id = $2::uuid) DESC NULLS LAST LIMIT 1`,
      [skillId, isUuid(idOrName) ? idOrName : null, idOrName],
    );
    return capability;
  }
}
