import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Health } from '#skills';
import { DataSource } from 'typeorm';
import type { LeasedSkill } from './lease-store.js';

/** An endpoint as PostgreSQL knows it. */
export interface KnownEndpoint {
  endpointId: string;
  url: string;
  health: Health;
  /** Of its registration; of its Skill when it never registered. */
  generation: number;
  /** Whether that lease lives. */
  live: boolean;
}

export interface KnownSkill {
  skillId: string;
  owner: string;
  endpoints: KnownEndpoint[];
}

/**
 * All endpoints of a Skill, as a lease store is told of them; those that a heartbeat has just renewed count as live, with
 * the health that it reported, and those that never held a lease as ended.
 */
export function leasesOf(skill: KnownSkill, renewed: ReadonlyMap<string, Health> = new Map()): LeasedSkill {
  const endpoints = skill.endpoints.map(({ endpointId, url, generation, health, live }) => ({
    endpointId,
    url,
    generation,
    reported: renewed.get(endpointId) ?? health,
    live: live || renewed.has(endpointId),
  }));
  return { skillId: skill.skillId, owner: skill.owner, endpoints, isWhole: true };
}

/** Reads who is registered, for a lease store that does not know, or not any more. */
@Injectable()
export class LeaseRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Those of these Skills that exist. */
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

  /** Up to `limit` ids of Skills with leases, in order, after this one. */
  async pageOfLeased(after: string, limit: number): Promise<string[]> {
    const rows = await this.dataSource.query<{ skill_id: string }[]>(
      'SELECT DISTINCT skill_id FROM endpoint_leases WHERE skill_id > $1 ORDER BY skill_id LIMIT $2',
      [after, limit],
    );
    return rows.map(({ skill_id }) => skill_id);
  }

  /** Those of these endpoints that were unregistered because they stayed away. */
  async unregistered<T extends { skillId: string; url: string }>(endpoints: readonly T[]): Promise<Set<T>> {
    if (endpoints.length === 0) return new Set();
    const rows = await this.dataSource.query<{ place: number }[]>(
      `SELECT x.place::int FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS x(skill_id, url, place)
       WHERE EXISTS (SELECT FROM skill_events v
         WHERE v.skill_id = x.skill_id AND v.event = 'endpoint_unregistered' AND v.endpoint_url = x.url)`,
      [endpoints.map(({ skillId }) => skillId), endpoints.map(({ url }) => url)],
    );
    const places = new Set(rows.map(({ place }) => place - 1));
    return new Set(endpoints.filter((_, index) => places.has(index)));
  }

  /** Endpoints whose lease has ended. */
  async countEnded(): Promise<number> {
    const [row] = await this.dataSource.query<{ count: number }[]>(
      'SELECT count(*)::int AS count FROM endpoint_leases WHERE expired_at IS NOT NULL',
    );
    return row?.count ?? 0;
  }
}
