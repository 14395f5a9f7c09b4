import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { SkillEventEntity } from './skill-event.entity.js';

/** As long as the audit log (AI Bridge v0.6.0, section on logs). */
const RETENTION_MS = 90 * 24 * 3600 * 1000;
const PURGE_EVERY_MS = 6 * 3600 * 1000;

/** Keeps the history of Skills within bounds. */
@Injectable()
export class SkillHistory {
  private readonly logger = new Logger('skills');

  constructor(@InjectRepository(SkillEventEntity) private readonly events: Repository<SkillEventEntity>) {}

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
