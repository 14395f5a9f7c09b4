import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import { newId } from '#common';
import type { Transaction } from '#database';
import { LessThan, Repository } from 'typeorm';
import { type SkillEvent, SkillEventEntity } from './skill-event.entity.js';

/** As long as the audit log (AI Bridge v0.6.0, section on logs). */
const RETENTION_MS = 90 * 24 * 3600 * 1000;
const PURGE_EVERY_MS = 6 * 3600 * 1000;

/** The Skill as it was named then. */
export interface HistorySkill {
  id: string;
  name: string;
  version: string;
  registered_at: Date;
}

export interface HistoryEntry extends HistorySkill {
  event: SkillEvent;
  /** Of an event of one endpoint. */
  endpoint_url?: string;
  /** The client, or the job, that did it. */
  actor: string;
}

/** What happened to Skills: written in the transaction of the change, kept within bounds. */
@Injectable()
export class SkillHistory {
  private readonly logger = new Logger('skills');

  constructor(@InjectRepository(SkillEventEntity) private readonly events: Repository<SkillEventEntity>) {}

  async record(tx: Transaction, entries: readonly HistoryEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const rows = entries.map((entry) => ({ ...entry, skill_id: entry.id, id: newId() }));
    await tx.query(
      `INSERT INTO skill_events (id, skill_id, name, version, event, actor, registered_at, unregistered_at, endpoint_url)
       SELECT x.id, x.skill_id, x.name, x.version, x.event, x.actor, x.registered_at,
         CASE WHEN x.event = 'unregistered' THEN now() END, x.endpoint_url
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, skill_id uuid, name text, version text, event text,
         registered_at timestamptz, endpoint_url text, actor text)`,
      [JSON.stringify(rows)],
    );
  }

  /** Deletes events of more than 90 days; every replica may do so at any time. */
  @Interval(PURGE_EVERY_MS)
  async purge(): Promise<void> {
    try {
      await this.events.delete({ createdAt: LessThan(new Date(Date.now() - RETENTION_MS)) });
    } catch (error) {
      this.logger.warn(`old events were not deleted; trying again in 6 hours: ${String(error)}`);
    }
  }
}
