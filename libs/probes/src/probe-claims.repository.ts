import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type ProbesSettings, probesSettings } from '#config';
import { type Transaction, Transactions } from '#database';
import { QUERY_PREFIX } from '#skills';
import { DataSource } from 'typeorm';
import { PROBE_PARAMETERS, type ProbeClaim } from './probe-claim.js';

/** Milliseconds that a claim holds after the time-out of its probe, to write the result. */
const MARGIN_MS = 10_000;
/** Seconds until the first probe of a new endpoint at most; random, so that those of a batch do not come all at once. */
const FIRST_WITHIN_S = 2;
/** Random part of the interval, so that probes that started together drift apart. */
const JITTER = 0.1;

/** Computes with the number that an endpoint sets for its own probes. NULL if it sets none, or one that is not valid. */
const fromOwn = (
  endpointId: string,
  key: 'health_interval' | 'health_timeout_ms',
  compute: (own: string) => string,
): string => `(SELECT ${compute('q.value::int')} FROM endpoint_params q
    WHERE q.endpoint_id = ${endpointId} AND q.key = '${key}' AND NOT q.secret AND q.value ~ '^[1-9][0-9]{0,4}$')`;

/** Seconds between two probes of an endpoint. The placeholders are the least own interval, and the interval of all others. */
const intervalSeconds = (endpointId: string, least: string, others: string): string => {
  const own = fromOwn(endpointId, 'health_interval', (value) => `LEAST(GREATEST(${value}, ${least}::int), 86400)`);
  return `COALESCE(${own}, ${others}::int)`;
};

/** Sorts before the id of every endpoint. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** Due claims. */
export interface DueClaims {
  claims: ProbeClaim[];
  /** Rows claimed, including endpoints that are not probed. */
  taken: number;
  /** Milliseconds by which the oldest one is late. */
  lagMs: number;
}

type TakenRow = ProbeClaim & { eligible: boolean; lagMs: number };

/** Decides in PostgreSQL which replica probes which endpoint. Rows that another replica has locked are skipped. */
@Injectable()
export class ProbeClaimsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    @Inject(probesSettings.KEY) private readonly settings: ProbesSettings,
  ) {}

  /**
   * Claims up to `limit` due rows: moves their next probe by about an interval, which an endpoint can set itself. Endpoints that
   * are switched off are skipped until then, and endpoints with a lease unless their probe was requested.
   */
  async claimDue(limit: number): Promise<DueClaims> {
    const rows = await this.transactions.run((tx) =>
      this.take(
        tx,
        `SELECT endpoint_id FROM endpoint_probes
         WHERE next_probe_at <= now() AND (claimed_until IS NULL OR claimed_until <= now())
         ORDER BY next_probe_at LIMIT $8 FOR NO KEY UPDATE SKIP LOCKED`,
        `e.status = 'active' AND s.status = 'active' AND (l.id IS NULL OR p.requested)`,
        [limit],
      ),
    );
    const claims = rows.filter(({ eligible }) => eligible);
    return { claims, taken: rows.length, lagMs: Math.max(0, ...claims.map(({ lagMs }) => lagMs)) };
  }

  /** Claims up to `limit` of these endpoints, in any state, that are not claimed and were not probed since this time. */
  async claimEndpoints(
    tx: Transaction,
    endpointIds: readonly string[],
    since: string,
    limit: number,
  ): Promise<ProbeClaim[]> {
    await this.enrol(tx, endpointIds);
    return this.take(
      tx,
      `SELECT endpoint_id FROM endpoint_probes WHERE endpoint_id = ANY($8::uuid[])
         AND (claimed_until IS NULL OR claimed_until <= now()) AND (probed_at IS NULL OR probed_at <= $9::timestamptz)
       ORDER BY endpoint_id LIMIT $10 FOR NO KEY UPDATE SKIP LOCKED`,
      'true',
      [endpointIds, since, limit],
    );
  }

  /** Makes probes of these endpoints due now. Returns the time of the request for each endpoint that exists. */
  request(endpointIds: readonly string[]): Promise<{ endpointId: string; at: string }[]> {
    return this.transactions.run(async (tx) => {
      await this.enrol(tx, endpointIds);
      return tx.query<{ endpointId: string; at: string }[]>(
        `WITH held AS (SELECT endpoint_id FROM endpoint_probes WHERE endpoint_id = ANY($1::uuid[])
             ORDER BY endpoint_id FOR NO KEY UPDATE SKIP LOCKED),
           asked AS (UPDATE endpoint_probes p SET next_probe_at = now(), requested = true, updated_at = now()
             FROM held WHERE p.endpoint_id = held.endpoint_id AND NOT (p.requested AND p.next_probe_at <= now()))
         SELECT endpoint_id AS "endpointId", now()::text AS at FROM held`,
        [endpointIds],
      );
    });
  }

  /**
   * Reads a page of endpoints in the order of ids. Adds rows for those without a lease, and brings probes forward that are later
   * than the own interval of the endpoint, which was changed. Returns the ids of the page.
   */
  enrolPage(after: string, limit: number): Promise<string[]> {
    return this.enrolAll(`WHERE id > $1 ORDER BY id LIMIT $2`, after, limit);
  }

  /** The same for the newest endpoints. */
  enrolNewest(limit: number): Promise<string[]> {
    return this.enrolAll(`WHERE id > $1 ORDER BY id DESC LIMIT $2`, BEFORE_ALL, limit);
  }

  private async enrolAll(page: string, after: string, limit: number): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string; missing: boolean; late: boolean }[]>(
      `SELECT e.id, l.id IS NULL AND p.endpoint_id IS NULL AS missing,
         COALESCE(p.next_probe_at > now() + ${intervalSeconds('e.id', '$3', '$4')} * (1 + $5::float8) * interval '1 second',
           false) AS late
       FROM (SELECT id FROM skill_endpoints ${page}) e
       LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id LEFT JOIN endpoint_probes p ON p.endpoint_id = e.id ORDER BY e.id`,
      [after, limit, this.leastInterval, this.settings.interval, JITTER],
    );
    const missing = rows.filter((row) => row.missing).map(({ id }) => id);
    if (missing.length > 0) await this.transactions.run((tx) => this.enrol(tx, missing));
    const late = rows.filter((row) => row.late).map(({ id }) => id);
    if (late.length > 0) await this.bringForward(late);
    return rows.map(({ id }) => id);
  }

  /** An endpoint may be probed as often as all others are. */
  private get leastInterval(): number {
    return Math.min(this.settings.minInterval, this.settings.interval);
  }

  /** Makes the next probes of these endpoints due within one interval. */
  private async bringForward(endpointIds: readonly string[]): Promise<void> {
    await this.dataSource.query(
      `UPDATE endpoint_probes p SET updated_at = now(),
         next_probe_at = now() + random() * ${intervalSeconds('p.endpoint_id', '$2', '$3')} * interval '1 second'
       FROM (SELECT endpoint_id FROM endpoint_probes WHERE endpoint_id = ANY($1::uuid[]) AND next_probe_at IS NOT NULL
         ORDER BY endpoint_id FOR NO KEY UPDATE SKIP LOCKED) x WHERE p.endpoint_id = x.endpoint_id`,
      [endpointIds, this.leastInterval, this.settings.interval],
    );
  }

  /** Adds missing rows; the first probe is within two seconds, or an interval if that is shorter. Skips endpoints that are being deleted. */
  private async enrol(tx: Transaction, endpointIds: readonly string[]): Promise<void> {
    await tx.query(
      `INSERT INTO endpoint_probes (endpoint_id, next_probe_at)
       SELECT e.id, CASE WHEN NOT e.leased THEN now() + random() * $2 * interval '1 second' END
       FROM (SELECT e.id, EXISTS (SELECT FROM endpoint_leases l WHERE l.endpoint_id = e.id) AS leased
         FROM skill_endpoints e WHERE e.id = ANY($1::uuid[])
           AND NOT EXISTS (SELECT FROM endpoint_probes p WHERE p.endpoint_id = e.id)
         ORDER BY e.id FOR KEY SHARE OF e SKIP LOCKED) e
       ON CONFLICT DO NOTHING`,
      [endpointIds, Math.min(FIRST_WITHIN_S, this.settings.interval)],
    );
  }

  private take(tx: Transaction, chosen: string, eligible: string, parameters: unknown[]): Promise<TakenRow[]> {
    const { interval, timeout, maxTimeout } = this.settings;
    return tx.query<TakenRow[]>(
      `WITH chosen AS MATERIALIZED (${chosen}),
         known AS MATERIALIZED (
           SELECT p.endpoint_id, e.skill_id, e.url, e.protocol, e.health, l.id IS NOT NULL AS leased, ${eligible} AS eligible,
             COALESCE(extract(epoch FROM now() - p.next_probe_at) * 1000, 0)::float8 AS lag,
             ${intervalSeconds('e.id', '$1', '$2')} AS seconds,
             GREATEST(${fromOwn('e.id', 'health_timeout_ms', (own) => `LEAST(${own}, $5::int)`)}, $4::int) AS timeout_ms
           FROM chosen JOIN endpoint_probes p USING (endpoint_id) JOIN skill_endpoints e ON e.id = p.endpoint_id
           JOIN skills s ON s.id = e.skill_id LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id),
         taken AS (
           UPDATE endpoint_probes p SET requested = false, updated_at = now(),
             next_probe_at = CASE WHEN NOT k.leased
               THEN now() + k.seconds * (1 + $3::float8 * (random() - 0.5)) * interval '1 second' END,
             claimed_until = CASE WHEN k.eligible THEN clock_timestamp() + (k.timeout_ms + $6::int) * interval '1 millisecond' END
           FROM known k WHERE p.endpoint_id = k.endpoint_id
           RETURNING p.endpoint_id, p.claimed_until, p.failures, p.successes, p.probed_at IS NULL AS first)
       SELECT k.endpoint_id AS "endpointId", k.skill_id AS "skillId", k.url, k.protocol, k.health, k.leased, k.eligible,
         k.lag AS "lagMs", t.failures, t.successes, t.first AS "isFirst", t.claimed_until::text AS token,
         COALESCE((SELECT json_agg(json_build_object('key', q.key, 'value', q.value, 'secret', q.secret))
           FROM endpoint_params q WHERE q.endpoint_id = k.endpoint_id AND (q.key = ANY($7::text[]) OR starts_with(q.key, '${QUERY_PREFIX}'))), '[]'::json) AS parameters
       FROM known k JOIN taken t USING (endpoint_id)`,
      [this.leastInterval, interval, JITTER, timeout, maxTimeout, MARGIN_MS, PROBE_PARAMETERS, ...parameters],
    );
  }
}
