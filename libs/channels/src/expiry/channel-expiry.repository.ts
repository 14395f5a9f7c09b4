import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Transaction } from '#database';
import { DataSource } from 'typeorm';

/** Ends and deletes channels. Skips locked rows: the next run finds them. */
@Injectable()
export class ChannelExpiryRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async countOpen(): Promise<number> {
    const [row] = await this.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM channels WHERE status = 'open' AND expiry_time > now()`,
    );
    return row?.count ?? 0;
  }

  /** Closes up to `limit` expired channels and returns them. */
  async closeExpired(tx: Transaction, limit: number): Promise<{ id: string; space_id: string | null }[]> {
    const [closed] = await tx.query<[{ id: string; space_id: string | null }[], number]>(
      `WITH due AS (SELECT id FROM channels WHERE status = 'open' AND expiry_time <= now()
         ORDER BY expiry_time LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE channels c SET status = 'closed', closed_at = c.expiry_time, updated_at = now()
       FROM due WHERE c.id = due.id
       RETURNING c.id, COALESCE((SELECT s.space_id FROM skills s WHERE s.id = c.skill_id),
         (SELECT a.space_id FROM away_channels a WHERE a.channel_id = c.id)) AS space_id`,
      [limit],
    );
    return closed;
  }

  /** Deletes up to `limit` channels that ended more than `retention` seconds ago. Returns their number. */
  async deleteEnded(tx: Transaction, retention: number, limit: number): Promise<number> {
    const [, deleted] = await tx.query<[unknown[], number]>(
      `DELETE FROM channels WHERE id IN (SELECT id FROM channels
         WHERE status <> 'open' AND closed_at <= now() - $1 * interval '1 second'
         ORDER BY closed_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [retention, limit],
    );
    return deleted;
  }
}
