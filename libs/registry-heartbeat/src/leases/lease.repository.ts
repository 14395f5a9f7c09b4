import { Injectable } from '@nestjs/common';
import { canonicalUrl } from '#common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Health } from '#skills';
import { DataSource } from 'typeorm';
import type { LeasedSkill } from './lease-store.js';

/** An endpoint in PostgreSQL. */
export interface KnownEndpoint {
  endpointId: string;
  url: string;
  health: Health;
  /** The generation of its registration; that of its Skill if it never registered. */
  generation: number;
  /** Whether it holds a lease that has not ended. */
  live: boolean;
}

export interface KnownSkill {
  skillId: string;
  owner: string;
  endpoints: KnownEndpoint[];
}

/**
 * Converts a Skill for `LeaseStore.open`. Endpoints that a heartbeat has just renewed (`renewed`, by id) are live and have
 * the health that it reported.
 */
export function toLeasedSkill(skill: KnownSkill, renewed: ReadonlyMap<string, Health> = new Map()): LeasedSkill {
  const endpoints = skill.endpoints.map(({ endpointId, url, generation, health, live }) => ({
    endpointId,
    url,
    generation,
    reported: renewed.get(endpointId) ?? health,
    live: live || renewed.has(endpointId),
  }));
  return { skillId: skill.skillId, owner: skill.owner, endpoints, isWhole: true };
}

/** Removals of one Skill that are read, the last ones. */
const MAX_REMOVALS = 1_000;

/** Reads registrations from PostgreSQL for a lease store that lacks them. */
@Injectable()
export class LeaseRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Returns the Skills that exist, by id. */
  async find(skillIds: readonly string[]): Promise<Map<string, KnownSkill>> {
    const skills = await this.dataSource.query<KnownSkill[]>(
      `SELECT s.id AS "skillId", s.owner, COALESCE((SELECT json_agg(json_build_object(
           'endpointId', e.id, 'url', e.url, 'health', e.health, 'generation', COALESCE(l.generation, s.generation),
           'live', l.id IS NOT NULL AND l.expired_at IS NULL))
         FROM (SELECT * FROM skill_endpoints e WHERE e.skill_id = s.id OFFSET 0) e
         LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id), '[]'::json) AS endpoints
       FROM skills s WHERE s.id = ANY($1::uuid[])`,
      [skillIds],
    );
    return new Map(skills.map((skill) => [skill.skillId, skill]));
  }

  /** Returns up to `limit` ids of Skills with leases, in order, after the given id. */
  async listLeased(after: string, limit: number): Promise<string[]> {
    const rows = await this.dataSource.query<{ skill_id: string }[]>(
      'SELECT DISTINCT skill_id FROM endpoint_leases WHERE skill_id > $1 ORDER BY skill_id LIMIT $2',
      [after, limit],
    );
    return rows.map(({ skill_id }) => skill_id);
  }

  /** Returns the given endpoints that were removed: alone, or perhaps with their Skill, which has registered again. */
  async findUnregistered<T extends { skillId: string; url: string }>(endpoints: readonly T[]): Promise<Set<T>> {
    if (endpoints.length === 0) return new Set();
    const rows = await this.dataSource.query<{ skillId: string; url: string | null }[]>(
      `SELECT x.id AS "skillId", v.url FROM unnest($1::uuid[]) AS x(id), LATERAL (
         SELECT e.endpoint_url AS url FROM skill_events e
         WHERE e.skill_id = x.id AND e.event IN ('unregistered', 'endpoint_unregistered')
         ORDER BY e.created_at DESC LIMIT ${MAX_REMOVALS}) v`,
      [[...new Set(endpoints.map(({ skillId }) => skillId))]],
    );
    // History has the spelling that was registered. Of a whole Skill that left, it has no URL.
    const gone = new Set(rows.map(({ skillId, url }) => `${skillId} ${url === null ? '' : canonicalUrl(url)}`));
    return new Set(
      endpoints.filter(({ skillId, url }) => gone.has(`${skillId} `) || gone.has(`${skillId} ${canonicalUrl(url)}`)),
    );
  }

  /** Counts endpoints whose lease has ended. */
  async countEnded(): Promise<number> {
    const [row] = await this.dataSource.query<{ count: number }[]>(
      'SELECT count(*)::int AS count FROM endpoint_leases WHERE expired_at IS NOT NULL',
    );
    return row?.count ?? 0;
  }
}
