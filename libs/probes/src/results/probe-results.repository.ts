import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Transaction } from '#database';
import type { ProbeResult } from '#skills';
import { DataSource } from 'typeorm';
import type { ProbedHealth } from './hysteresis.js';
import type { Probed } from '../calls/probe-caller.js';

/** A probe, and the health of the endpoint after it. */
export interface Outcome {
  probed: Probed;
  after: ProbedHealth;
}

/** An endpoint with the result of its last probe. */
export interface ProbedEndpoint {
  endpointId: string;
  url: string;
  health: ProbedHealth['health'];
  result: ProbeResult | null;
  reason: string | null;
  latencyMs: number | null;
  /** Whether it was probed after the given time. */
  isFresh: boolean;
}

const ROWS = `jsonb_to_recordset($1::jsonb) AS x(endpoint_id uuid, token timestamptz, failures integer, successes integer,
  result text, reason text, latency_ms integer)`;

/** Writes and reads results of probes. A result whose claim has run out is ignored. */
@Injectable()
export class ProbeResultsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Locks the rows whose claims hold, and skips locked rows. `leased`: the endpoint got a lease meanwhile. */
  lock(tx: Transaction, outcomes: readonly Outcome[]): Promise<{ endpointId: string; leased: boolean }[]> {
    return tx.query(
      `SELECT p.endpoint_id AS "endpointId", EXISTS (SELECT FROM endpoint_leases l WHERE l.endpoint_id = p.endpoint_id) AS leased
       FROM endpoint_probes p JOIN ${ROWS} ON x.endpoint_id = p.endpoint_id AND x.token = p.claimed_until
       ORDER BY p.endpoint_id FOR NO KEY UPDATE OF p SKIP LOCKED`,
      [toRows(outcomes)],
    );
  }

  /** Writes results and ends the claims. The rows must be locked. */
  async write(tx: Transaction, outcomes: readonly Outcome[]): Promise<void> {
    if (outcomes.length === 0) return;
    await tx.query(
      `UPDATE endpoint_probes p SET claimed_until = NULL, failures = x.failures, successes = x.successes,
         last_result = x.result, reason = x.reason, latency_ms = x.latency_ms, probed_at = clock_timestamp(),
         updated_at = now()
       FROM ${ROWS} WHERE p.endpoint_id = x.endpoint_id`,
      [toRows(outcomes)],
    );
  }

  /** Reads endpoints. */
  read(endpointIds: readonly string[], since: string): Promise<ProbedEndpoint[]> {
    return this.dataSource.query(
      `SELECT e.id AS "endpointId", e.url, e.health, p.last_result AS result, p.reason, p.latency_ms AS "latencyMs",
         COALESCE(p.probed_at > $2::timestamptz, false) AS "isFresh"
       FROM skill_endpoints e LEFT JOIN endpoint_probes p ON p.endpoint_id = e.id
       WHERE e.id = ANY($1::uuid[]) ORDER BY e.created_at, e.id`,
      [endpointIds, since],
    );
  }

  /** Returns the results that are newer than the time of the request. */
  findNewer(
    requests: readonly { endpointId: string; at: string }[],
  ): Promise<{ endpointId: string; result: ProbeResult }[]> {
    return this.dataSource.query(
      `SELECT p.endpoint_id AS "endpointId", p.last_result AS result
       FROM unnest($1::uuid[], $2::timestamptz[]) AS x(endpoint_id, at)
       JOIN endpoint_probes p ON p.endpoint_id = x.endpoint_id AND p.probed_at > x.at`,
      [requests.map(({ endpointId }) => endpointId), requests.map(({ at }) => at)],
    );
  }
}

function toRows(outcomes: readonly Outcome[]): string {
  return JSON.stringify(
    outcomes.map(({ probed: { claim, result, reason, latencyMs }, after }) => ({
      endpoint_id: claim.endpointId,
      token: claim.token,
      failures: after.failures,
      successes: after.successes,
      result,
      reason,
      latency_ms: latencyMs,
    })),
  );
}
