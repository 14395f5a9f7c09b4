import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { newId } from '#common';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';
import type { SkillEvent } from '../model/skill-event.entity.js';

/** The Skill at the time of the event. */
export interface HistorySkill {
  id: string;
  name: string;
  version: string;
  /** Needed if the Skill was deleted; otherwise it is looked up. */
  owner?: string;
  registered_at: Date;
}

export interface HistoryEntry extends HistorySkill {
  event: SkillEvent;
  /** Set for events of one endpoint. */
  endpoint_url?: string;
  /** The client or the job that made the change. */
  actor: string;
}

/** History of Skills, written in the transaction of the change. `SkillHistoryUpkeep` bounds its size. */
@Injectable()
export class SkillHistory {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async record(tx: Transaction, entries: readonly HistoryEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const rows = entries.map((entry) => ({ ...entry, skill_id: entry.id, id: newId() }));
    await tx.query(
      `INSERT INTO skill_events (id, skill_id, name, version, event, actor, owner, registered_at, unregistered_at,
         endpoint_url)
       SELECT x.id, x.skill_id, x.name, x.version, x.event, x.actor,
         COALESCE(x.owner, (SELECT s.owner FROM skills s WHERE s.id = x.skill_id)), x.registered_at,
         CASE WHEN x.event = 'unregistered' THEN now() END, x.endpoint_url
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, skill_id uuid, name text, version text, event text,
         owner text, registered_at timestamptz, endpoint_url text, actor text)`,
      [JSON.stringify(rows)],
    );
  }

  /** Deletes up to `limit` entries that are older than `seconds`. Returns the number of deleted entries. */
  async deleteOld(seconds: number, limit: number): Promise<number> {
    const [, deleted] = await this.dataSource.query<[unknown, number]>(
      `DELETE FROM skill_events WHERE id IN (SELECT id FROM skill_events
         WHERE created_at < now() - $1 * interval '1 second' ORDER BY created_at LIMIT $2)`,
      [seconds, limit],
    );
    return deleted;
  }

  /** Deletes up to `limit` of the oldest entries of an owner: ids rise with time. Returns the number of deleted entries. */
  async deleteOldest(owner: string, limit: number): Promise<number> {
    const [, deleted] = await this.dataSource.query<[unknown, number]>(
      `DELETE FROM skill_events WHERE id IN (SELECT id FROM skill_events WHERE owner = $1 ORDER BY id LIMIT $2)`,
      [owner, limit],
    );
    return deleted;
  }

  /** Returns the next owner with entries, in alphabetical order. */
  async ownerAfter(owner: string): Promise<string | undefined> {
    const [row] = await this.dataSource.query<{ owner: string }[]>(
      'SELECT owner FROM skill_events WHERE owner > $1 ORDER BY owner LIMIT 1',
      [owner],
    );
    return row?.owner;
  }
}
