import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';
import { validate as isUuid } from 'uuid';

export interface TargetCapability {
  id: string;
  status: 'enabled' | 'disabled';
}

/** What channels are opened to: Skills and their capabilities. */
@Injectable()
export class ChannelTargetRepository {
  /**
   * Keeps the Skill from being deleted, and its capabilities with it, until the end of the transaction; heartbeats and
   * registrations do not wait for this.
   */
  async holdSkill(tx: Transaction, skillId: string): Promise<{ space_id: string | null } | undefined> {
    const [skill] = await tx.query<{ space_id: string | null }[]>(
      'SELECT space_id FROM skills WHERE id = $1 FOR KEY SHARE',
      [skillId],
    );
    return skill;
  }

  /** By id, or else by name: a name may look like an id. */
  async capability(tx: Transaction, skillId: string, idOrName: string): Promise<TargetCapability | undefined> {
    const [capability] = await tx.query<TargetCapability[]>(
      `SELECT id, status FROM capabilities WHERE skill_id = $1 AND (id = $2::uuid OR name = $3)
       ORDER BY (id = $2::uuid) DESC NULLS LAST LIMIT 1`,
      [skillId, isUuid(idOrName) ? idOrName : null, idOrName],
    );
    return capability;
  }
}
