import { Injectable } from '@nestjs/common';
import { JsonText, newId } from '#common';
import type { Transaction } from '#database';
import { CONTEXT_LIMITS } from '../channel-limits.js';
import type { ContextChanges } from './context-changes.js';

/** The context of a channel as JSON text, with values as they were written. `value_json` counts while it is equal (docs/adr/0052). */
export function contextSql(channelId: string): string {
  return `COALESCE((SELECT json_object_agg(x.key, CASE WHEN x.value_json = x.value THEN x.value_json::json
    ELSE to_json(x.value) END ORDER BY x.key) FROM channel_contexts x WHERE x.channel_id = ${channelId}), '{}'::json)::text`;
}

function toColumns({ text, value }: JsonText): { value: string | null; value_json: string | null } {
  if (value === null || typeof value === 'string') return { value, value_json: null };
  return { value: text, value_json: text };
}

/** The contexts of channels: one row per key. */
@Injectable()
export class ChannelContextsRepository {
  async read(tx: Transaction, channelId: string): Promise<JsonText> {
    const [row] = await tx.query<[{ context: string }]>(`SELECT ${contextSql('$1')} AS context`, [channelId]);
    return new JsonText(row.context);
  }

  /**
   * Merges changes into the context of a locked channel, and sets its endpoint, which must be locked too (null: none;
   * undefined: unchanged). Returns false, and changes nothing, if the context would have too many keys.
   *
   * A transaction must update a channel only once: for a second update PostgreSQL checks all foreign keys again, and would
   * wait for a transaction that changes the Skill and may wait for the channel.
   */
  async merge(
    tx: Transaction,
    channelId: string,
    changes: ContextChanges,
    endpointId?: string | null,
  ): Promise<boolean> {
    const given = Array.from(changes, ([key, value]) => ({ id: newId(), key, ...toColumns(value) }));
    const [merged] = await tx.query<[unknown[], number]>(
      `WITH given AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS x(id uuid, key text, value text, value_json text)),
         room AS (SELECT (SELECT count(*) FROM given WHERE value IS NOT NULL) +
           (SELECT count(*) FROM channel_contexts x WHERE x.channel_id = $1 AND x.key NOT IN (SELECT key FROM given)) AS keys),
         removed AS (DELETE FROM channel_contexts x USING given, room
           WHERE x.channel_id = $1 AND x.key = given.key AND given.value IS NULL AND room.keys <= $3),
         written AS (INSERT INTO channel_contexts (id, channel_id, key, value, value_json)
           SELECT given.id, $1, given.key, given.value, given.value_json FROM given, room
           WHERE given.value IS NOT NULL AND room.keys <= $3
           ON CONFLICT (channel_id, key) DO UPDATE SET value = EXCLUDED.value, value_json = EXCLUDED.value_json,
             updated_at = now())
       UPDATE channels SET context_keys = room.keys, updated_at = now(),
         endpoint_id = CASE WHEN $4 THEN $5::uuid ELSE endpoint_id END FROM room
       WHERE channels.id = $1 AND room.keys <= $3 RETURNING channels.id`,
      [channelId, JSON.stringify(given), CONTEXT_LIMITS.maxEntries, endpointId !== undefined, endpointId ?? null],
    );
    return merged.length > 0;
  }
}
