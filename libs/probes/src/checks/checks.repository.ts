import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';

/** What a check needs to know of a Skill. */
export interface CheckedSkill {
  external_id: string | null;
  owner: string;
  space_id: string | null;
  /** Ids of its active endpoints. */
  endpoint_ids: string[];
  /** The time of the database. */
  now: string;
}

@Injectable()
export class ChecksRepository {
  async find(tx: Transaction, skillId: string): Promise<CheckedSkill | undefined> {
    const [skill] = await tx.query<CheckedSkill[]>(
      `SELECT external_id, owner, space_id, clock_timestamp()::text AS now, ARRAY(SELECT e.id FROM skill_endpoints e
         WHERE e.skill_id = s.id AND e.status = 'active' ORDER BY e.created_at, e.id) AS endpoint_ids
       FROM skills s WHERE s.id = $1`,
      [skillId],
    );
    return skill;
  }
}
