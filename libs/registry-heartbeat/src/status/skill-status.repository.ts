import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Deprecation, EndpointStatus, Health, ProbeResult, SkillStatus } from '#skills';
import { DataSource } from 'typeorm';

/** The last probe of an endpoint. */
export interface ProbeRecord {
  result: ProbeResult;
  reason: string | null;
  /** Time as PostgreSQL writes it in JSON. */
  probed_at: string;
  latency_ms: number;
}

export interface EndpointRecord {
  endpoint_id: string;
  url: string;
  status: EndpointStatus;
  health: Health;
  generation: number | null;
  /** Seconds since the last heartbeat that was written; null without a lease. */
  silence: number | null;
  /** Whether it holds a lease. */
  live: boolean;
  probe: ProbeRecord | null;
}

export interface StatusRecord {
  skill_id: string;
  id: string;
  status: SkillStatus;
  health: Health;
  uptime: number;
  request_count: number;
  error_count: number;
  cpu_usage: number | null;
  memory_usage: number | null;
  last_heartbeat: Date | null;
  deprecation: Deprecation | null;
  endpoints: EndpointRecord[];
}

/** Reads the status of Skills from PostgreSQL. */
@Injectable()
export class SkillStatusRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Finds a Skill in one of these Spaces, or anywhere if `spaces` is undefined. Each counter is the larger one of what the
   * members report and the calls through this service, because members count these calls too. `uptime` counts from the
   * oldest registration whose lease has not ended; for a Skill that never had a lease, from its creation.
   */
  async find(skillId: string, spaces?: readonly string[]): Promise<StatusRecord | undefined> {
    const [row] = await this.dataSource.query<StatusRecord[]>(
      `SELECT COALESCE(s.external_id, s.id::text) AS skill_id, s.id, s.status, t.health, GREATEST(t.request_count, t.routed_count) AS request_count,
         GREATEST(t.error_count, t.routed_errors) AS error_count, t.cpu_usage, t.memory_usage,
         s.last_heartbeat, s.deprecation, e.endpoints,
         CASE WHEN e.leased AND e.since IS NULL THEN 0
           ELSE greatest(0, floor(extract(epoch FROM now() - COALESCE(e.since, s.registered_at))))::int END AS uptime
       FROM skills s JOIN skill_status t ON t.skill_id = s.id CROSS JOIN LATERAL (
         SELECT bool_or(l.id IS NOT NULL) AS leased, min(l.registered_at) FILTER (WHERE l.expired_at IS NULL) AS since,
           COALESCE(json_agg(json_build_object('endpoint_id', e.id, 'url', e.url, 'status', e.status, 'health', e.health,
             'generation', l.generation, 'silence', extract(epoch FROM now() - l.last_heartbeat)::float8,
             'live', l.id IS NOT NULL AND l.expired_at IS NULL, 'probe', CASE WHEN p.probed_at IS NOT NULL THEN
               json_build_object('result', p.last_result, 'reason', p.reason, 'probed_at', p.probed_at,
                 'latency_ms', p.latency_ms) END) ORDER BY e.created_at, e.id), '[]'::json) AS endpoints
         FROM (SELECT * FROM skill_endpoints e WHERE e.skill_id = s.id OFFSET 0) e
         LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id LEFT JOIN endpoint_probes p ON p.endpoint_id = e.id) e
       WHERE s.id = $1 AND ($2::text[] IS NULL OR s.space_id = ANY($2))`,
      [skillId, spaces ?? null],
    );
    return row;
  }
}
