import { Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import { splitIntoSlices } from '#common';
import { PeriodicService } from '#scheduling';
import { DataSource } from 'typeorm';

const FLUSH_EVERY_MS = 2_000;
/** Skills in one statement. */
const MAX_ROWS = 1_000;

interface Counts {
  calls: number;
  errors: number;
}

/** Counts the calls of each Skill in `skill_status`. Writes every two seconds and at shutdown, so that no call waits for it. */
@Injectable()
export class CallStatistics extends PeriodicService {
  private counts = new Map<string, Counts>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    scheduler: SchedulerRegistry,
  ) {
    super(scheduler, {
      name: 'call-statistics',
      everyMs: FLUSH_EVERY_MS,
      context: 'commands',
      subject: 'Counting calls',
    });
  }

  override async beforeApplicationShutdown(): Promise<void> {
    await super.beforeApplicationShutdown();
    await this.flush();
  }

  add(skillId: string, failed: boolean): void {
    this.put(skillId, { calls: 1, errors: failed ? 1 : 0 });
  }

  /** Writes all counts up to now. Never rejects. */
  flush(): Promise<void> {
    return this.job.runAnew();
  }

  protected async work(): Promise<void> {
    const left = this.counts;
    this.counts = new Map();
    try {
      for (const some of splitIntoSlices([...left], MAX_ROWS)) {
        for (const skillId of await this.writeSome(some)) left.delete(skillId);
      }
    } finally {
      for (const [skillId, counts] of left) this.put(skillId, counts);
    }
  }

  /** Returns the Skills that are done: written, or deleted meanwhile. Rows that are locked wait for the next time. */
  private async writeSome(some: readonly [string, Counts][]): Promise<Set<string>> {
    const rows = await this.dataSource.query<{ skill_id: string }[]>(
      `WITH x AS (SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS x(skill_id, calls, errors)),
         held AS (SELECT t.id FROM skill_status t JOIN x USING (skill_id) FOR NO KEY UPDATE OF t SKIP LOCKED),
         written AS (UPDATE skill_status t SET routed_count = t.routed_count + x.calls,
             routed_errors = t.routed_errors + x.errors, updated_at = now()
           FROM x JOIN skill_status s USING (skill_id) JOIN held ON held.id = s.id WHERE t.id = s.id RETURNING t.skill_id)
       SELECT skill_id FROM written UNION ALL
       SELECT skill_id FROM x WHERE NOT EXISTS (SELECT FROM skill_status t WHERE t.skill_id = x.skill_id)`,
      [some.map(([id]) => id), some.map(([, { calls }]) => calls), some.map(([, { errors }]) => errors)],
    );
    return new Set(rows.map(({ skill_id }) => skill_id));
  }

  private put(skillId: string, { calls, errors }: Counts): void {
    const before = this.counts.get(skillId) ?? { calls: 0, errors: 0 };
    this.counts.set(skillId, { calls: before.calls + calls, errors: before.errors + errors });
  }
}
