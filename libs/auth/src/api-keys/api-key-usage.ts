import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { PeriodicService } from '#scheduling';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';

const FLUSH_EVERY_MS = 10_000;
const MINUTE_MS = 60_000;
/** Keys that are remembered; if there are more, some are written more often. */
const MAX_NOTED = 10_000;

/** Writes when keys were last used: in batches, once a minute for each key, whatever the number of replicas. */
@Injectable()
export class ApiKeyUsage extends PeriodicService {
  /** Keys that were noted within the last minute. */
  private readonly noted = new LRUCache<string, true>({ max: MAX_NOTED, ttl: MINUTE_MS });
  /** By key, when it was used, by `performance.now()`. */
  private waiting = new Map<string, number>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, {
      name: 'api-key-usage',
      everyMs: FLUSH_EVERY_MS,
      context: 'auth',
      subject: 'Writing when API keys were used',
    });
  }

  override async beforeApplicationShutdown(): Promise<void> {
    await super.beforeApplicationShutdown();
    await this.flush();
  }

  note(keyId: string): void {
    if (this.noted.has(keyId)) return;
    this.noted.set(keyId, true);
    this.waiting.set(keyId, performance.now());
  }

  /** Writes all uses up to now. Never rejects. What cannot be written stays in the queue. */
  flush(): Promise<void> {
    return this.job.runAnew();
  }

  protected async work(): Promise<void> {
    if (this.waiting.size === 0) return;
    const now = performance.now();
    const batch = this.waiting;
    this.waiting = new Map();
    try {
      // The age, so that only the clock of the database matters. A locked row is skipped: its writer writes the same.
      await this.dataSource.query(
        `WITH used AS (SELECT * FROM unnest($1::uuid[], $2::float8[]) AS u(id, age)),
           held AS (SELECT k.id, used.age FROM api_keys k JOIN used USING (id)
             WHERE k.last_used_at IS NULL OR k.last_used_at <= now() - interval '1 minute' FOR NO KEY UPDATE OF k SKIP LOCKED)
         UPDATE api_keys k SET last_used_at = now() - held.age * interval '1 millisecond' FROM held WHERE k.id = held.id`,
        [[...batch.keys()], [...batch.values()].map((at) => now - at)],
      );
    } catch (error) {
      this.waiting = new Map([...batch, ...this.waiting]);
      throw error;
    }
  }
}
