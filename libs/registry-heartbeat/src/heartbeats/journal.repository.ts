import { Injectable } from '@nestjs/common';
import { type Transaction, Transactions } from '#database';
import type { Health } from '#skills';
import type { MemberMetrics } from './heartbeat.js';

/** The last heartbeat of an endpoint. */
export interface EndpointEntry {
  endpointId: string;
  skillId: string;
  health: Health;
  /** The client that sent it. */
  actor: string;
  /** Time of arrival by `performance.now()`. PostgreSQL gets its age, so the wall clock of this process does not matter. */
  at: number;
  /** Measurements of this endpoint alone. */
  metrics?: MemberMetrics;
}

/** Measurements of a Skill as a whole. */
export interface SkillEntry {
  skillId: string;
  metrics: MemberMetrics;
}

export interface WrittenEntries {
  /** Ids of Skills of which an endpoint no longer exists. */
  gone: Set<string>;
  /** Ids of endpoints whose health in PostgreSQL differs from the heartbeat. */
  differing: Set<string>;
}

/**
 * Writes heartbeats in batches. Skips rows that another transaction has locked: a registration writes a newer time, and
 * otherwise the next heartbeat comes soon. So it never waits for a lock.
 */
@Injectable()
export class JournalRepository {
  constructor(private readonly transactions: Transactions) {}

  write(entries: readonly EndpointEntry[]): Promise<WrittenEntries> {
    return this.transactions.run(async (tx) => {
      const now = performance.now();
      await this.writeTimes(tx, entries, now);
      const measured = entries.filter(({ metrics }) => metrics !== undefined);
      if (measured.length > 0) await this.writeMetrics(tx, measured);
      return this.compare(tx, entries, now);
    });
  }

  private async writeTimes(tx: Transaction, entries: readonly EndpointEntry[], now: number): Promise<void> {
    await tx.query(
      `WITH beat AS (SELECT * FROM unnest($1::uuid[], $2::float8[]) AS b(endpoint_id, age)),
         held AS (SELECT l.endpoint_id FROM endpoint_leases l JOIN beat USING (endpoint_id)
           FOR NO KEY UPDATE OF l SKIP LOCKED)
       UPDATE endpoint_leases l
       SET last_heartbeat = GREATEST(l.last_heartbeat, now() - beat.age * interval '1 millisecond')
       FROM beat JOIN held USING (endpoint_id) WHERE l.endpoint_id = beat.endpoint_id`,
      [entries.map(({ endpointId }) => endpointId), entries.map(({ at }) => now - at)],
    );
    const ages = new Map<string, number>();
    for (const { skillId, at } of entries) ages.set(skillId, Math.min(now - at, ages.get(skillId) ?? Infinity));
    await tx.query(
      `WITH beat AS (SELECT * FROM unnest($1::uuid[], $2::float8[]) AS b(id, age)),
         held AS (SELECT s.id FROM skills s JOIN beat USING (id) FOR NO KEY UPDATE OF s SKIP LOCKED)
       UPDATE skills s SET last_heartbeat = GREATEST(s.last_heartbeat, now() - beat.age * interval '1 millisecond')
       FROM beat JOIN held USING (id) WHERE s.id = beat.id`,
      [[...ages.keys()], [...ages.values()]],
    );
  }

  /** Writes the metrics of endpoints, and the totals of their Skills: each endpoint reports only its own numbers. */
  private async writeMetrics(tx: Transaction, entries: readonly EndpointEntry[]): Promise<void> {
    await tx.query(
      `WITH held AS (SELECT l.id, x.* FROM jsonb_to_recordset($1::jsonb) AS x(${METRICS}, endpoint_id uuid)
         JOIN endpoint_leases l USING (endpoint_id) FOR NO KEY UPDATE OF l SKIP LOCKED)
       UPDATE endpoint_leases t SET ${MEASURED} FROM held x WHERE t.id = x.id`,
      [
        JSON.stringify(
          entries.map(({ endpointId, metrics }) => ({ ...roundMetrics(metrics), endpoint_id: endpointId })),
        ),
      ],
    );
    await tx.query(
      `WITH held AS (SELECT id, skill_id FROM skill_status WHERE skill_id = ANY($1::uuid[])
         FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE skill_status t SET ${MEASURED}, last_check = now(), updated_at = now()
       FROM (SELECT held.id, max(uptime) AS uptime, sum(request_count)::bigint AS request_count,
           sum(error_count)::bigint AS error_count, avg(cpu_usage) AS cpu_usage, avg(memory_usage) AS memory_usage
         FROM endpoint_leases l JOIN held USING (skill_id) WHERE expired_at IS NULL GROUP BY held.id) x
       WHERE t.id = x.id`,
      [[...new Set(entries.map(({ skillId }) => skillId))]],
    );
  }

  /** Ignores heartbeats that are older than the last one in PostgreSQL, or than the registration. */
  private async compare(tx: Transaction, entries: readonly EndpointEntry[], now: number): Promise<WrittenEntries> {
    const rows = await tx.query<{ endpoint_id: string; health: Health | null; ended: boolean; past: boolean }[]>(
      `SELECT x.endpoint_id, e.health, l.expired_at IS NOT NULL AS ended,
         COALESCE(l.last_heartbeat > now() - x.age * interval '1 millisecond', false) AS past
       FROM unnest($1::uuid[], $2::float8[]) AS x(endpoint_id, age)
       LEFT JOIN skill_endpoints e ON e.id = x.endpoint_id LEFT JOIN endpoint_leases l ON l.endpoint_id = x.endpoint_id`,
      [entries.map(({ endpointId }) => endpointId), entries.map(({ at }) => now - at)],
    );
    const byId = new Map(entries.map((entry) => [entry.endpointId, entry]));
    const result: WrittenEntries = { gone: new Set(), differing: new Set() };
    for (const { endpoint_id, health, ended, past } of rows) {
      const entry = byId.get(endpoint_id);
      if (!entry) continue;
      if (health === null) result.gone.add(entry.skillId);
      else if (!past && (ended || health !== entry.health)) result.differing.add(endpoint_id);
    }
    return result;
  }

  async writeSkillMetrics(entries: readonly SkillEntry[]): Promise<void> {
    await this.transactions.run((tx) =>
      tx.query(
        `WITH held AS (SELECT s.id, x.* FROM jsonb_to_recordset($1::jsonb) AS x(${METRICS}, skill_id uuid)
           JOIN skill_status s USING (skill_id) FOR NO KEY UPDATE OF s SKIP LOCKED)
         UPDATE skill_status t SET ${MEASURED}, last_check = now(), updated_at = now() FROM held x WHERE t.id = x.id`,
        [JSON.stringify(entries.map(({ skillId, metrics }) => ({ ...roundMetrics(metrics), skill_id: skillId })))],
      ),
    );
  }
}

const NAMES = ['uptime', 'request_count', 'error_count', 'cpu_usage', 'memory_usage'] as const;
const METRICS = 'uptime bigint, request_count bigint, error_count bigint, cpu_usage real, memory_usage real';
/** Values that were not reported stay unchanged. */
const MEASURED = NAMES.map((name) => `${name} = COALESCE(x.${name}, t.${name})`).join(', ');

/** Rounds to whole seconds and hundredths of a percent, because PostgreSQL's `real` rejects very small numbers. */
function roundMetrics({ uptime, cpu_usage, memory_usage, ...counts }: MemberMetrics = {}): MemberMetrics {
  const percent = (value: number | undefined): number | undefined => value && Math.round(value * 100) / 100;
  return {
    ...counts,
    uptime: uptime && Math.floor(uptime),
    cpu_usage: percent(cpu_usage),
    memory_usage: percent(memory_usage),
  };
}
