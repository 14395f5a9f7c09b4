import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Caller } from '#auth';
import { DataSource } from 'typeorm';

/** A heartbeat, as far as it matters where its Skill lives. */
export interface LimitedBeat {
  readonly caller: Caller;
  readonly skillId: string;
}

/**
 * Heartbeats of clients that are limited to Spaces reach no Skill outside of them. PostgreSQL alone knows where a Skill
 * lives, so that these beats need it to answer; those of other clients are not looked at.
 */
@Injectable()
export class SpaceLimits {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Those whose Skill is out of reach for their sender, or unknown. One query. */
  async beyond<T>(items: readonly T[], beatOf: (item: T) => LimitedBeat): Promise<Set<T>> {
    if (items.length === 0) return new Set();
    const rows = await this.dataSource.query<{ id: string; space_id: string | null }[]>(
      'SELECT id, space_id FROM skills WHERE id = ANY($1::uuid[])',
      [[...new Set(items.map((item) => beatOf(item).skillId))]],
    );
    const spaces = new Map(rows.map(({ id, space_id }) => [id, space_id]));
    return new Set(
      items.filter((item) => {
        const { caller, skillId } = beatOf(item);
        return !caller.maySee(spaces.get(skillId) ?? null);
      }),
    );
  }
}
