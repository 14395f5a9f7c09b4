import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Caller } from '#auth';
import { DataSource } from 'typeorm';

/** The sender of a heartbeat and its Skill. */
export interface LimitedBeat {
  readonly caller: Caller;
  readonly skillId: string;
}

/**
 * Keeps clients that are limited to Spaces from renewing Skills outside of them. This needs PostgreSQL, which alone knows
 * the Space of a Skill; heartbeats of other clients do not pass through here.
 */
@Injectable()
export class SpaceLimits {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Returns the items whose Skill is unknown, or not in a Space of the sender. One query. */
  async findOutOfReach<T>(items: readonly T[], getBeat: (item: T) => LimitedBeat): Promise<Set<T>> {
    if (items.length === 0) return new Set();
    const rows = await this.dataSource.query<{ id: string; space_id: string | null }[]>(
      'SELECT id, space_id FROM skills WHERE id = ANY($1::uuid[])',
      [[...new Set(items.map((item) => getBeat(item).skillId))]],
    );
    const spaces = new Map(rows.map(({ id, space_id }) => [id, space_id]));
    return new Set(
      items.filter((item) => {
        const { caller, skillId } = getBeat(item);
        return !caller.maySee(spaces.get(skillId) ?? null);
      }),
    );
  }
}
