import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import { PeriodicService } from '#scheduling';
import { LessThan, Repository } from 'typeorm';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';

const RETENTION_MS = 24 * 3600 * 1000;
const EVERY_MS = 3600 * 1000;

/** Deletes keys that are older than 24 hours. Every replica may do so at any time. */
@Injectable()
export class IdempotencyPurge extends PeriodicService {
  constructor(
    @InjectRepository(IdempotencyKeyEntity) private readonly keys: Repository<IdempotencyKeyEntity>,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, {
      name: 'idempotency-purge',
      everyMs: EVERY_MS,
      context: 'idempotency',
      subject: 'Deleting old idempotency keys',
    });
  }

  protected async work(): Promise<void> {
    await this.keys.delete({ createdAt: LessThan(new Date(Date.now() - RETENTION_MS)) });
  }
}
