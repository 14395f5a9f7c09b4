import { Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import type { Transaction } from '#database';
import type { EndpointStatus } from '../model/endpoint.entity.js';
import type { DrainedEndpointResponse } from '../model/leaving.dto.js';
import { EndpointHealthWriter } from './endpoint-health.writer.js';
import { SkillAudit } from './skill-audit.js';
import { SkillHistory } from './skill-history.js';
import { SkillIndexWriter } from './skill-index.writer.js';
import type { LockedSkill } from './skill-writer.js';

/** An endpoint of a locked Skill. */
export interface HeldEndpoint {
  id: string;
  url: string;
  /** The generation of its last registration; that of its Skill if it never registered. */
  generation: number;
}

interface HeldEndpoints {
  /** The generation of the Skill. */
  generation: number;
  endpoints: HeldEndpoint[];
}

/** Endpoints that leave, within the caller's transaction. The Skill must be locked. */
@Injectable()
export class EndpointLeavingWriter {
  constructor(
    private readonly health: EndpointHealthWriter,
    private readonly index: SkillIndexWriter,
    private readonly history: SkillHistory,
    private readonly audit: SkillAudit,
  ) {}

  /** Reads the generations of a Skill and of its endpoints. */
  async find(tx: Transaction, skillId: string): Promise<HeldEndpoints> {
    const [held] = await tx.query<HeldEndpoints[]>(
      `SELECT s.generation, COALESCE(json_agg(json_build_object('id', e.id, 'url', e.url,
           'generation', COALESCE(l.generation, s.generation))) FILTER (WHERE e.id IS NOT NULL), '[]'::json) AS endpoints
       FROM skills s LEFT JOIN skill_endpoints e ON e.skill_id = s.id LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id
       WHERE s.id = $1 GROUP BY s.id`,
      [skillId],
    );
    return held ?? { generation: 0, endpoints: [] };
  }

  /** Unregisters an endpoint that is not the last one of its Skill. Returns the time. */
  async remove(tx: Transaction, caller: Caller, skill: LockedSkill, { id }: HeldEndpoint): Promise<Date> {
    const before = await this.audit.stateOf(tx, skill.id);
    await this.health.unregister(tx, caller, [id]);
    const after = await this.audit.stateOf(tx, skill.id);
    await this.audit.record(tx, caller, 'endpoint.unregister', [{ skillId: skill.id, before, after }]);
    return readTime(tx);
  }

  /**
   * Changes one endpoint, or all, from `active` to `draining`. Returns the time and these endpoints; inactive ones stay
   * inactive. Without a change it writes nothing.
   */
  async drain(
    tx: Transaction,
    caller: Caller,
    skill: LockedSkill,
    named: HeldEndpoint | undefined,
  ): Promise<{ at: Date; endpoints: DrainedEndpointResponse[] }> {
    const found = await tx.query<(DrainedEndpointResponse & { status: EndpointStatus })[]>(
      `SELECT id AS endpoint_id, url, status FROM skill_endpoints
       WHERE skill_id = $1 AND ($2::uuid IS NULL OR id = $2) ORDER BY created_at, id`,
      [skill.id, named?.id ?? null],
    );
    const drained = found.filter(({ status }) => status === 'active');
    if (drained.length > 0) {
      const before = await this.audit.stateOf(tx, skill.id);
      await tx.query(`UPDATE skill_endpoints SET status = 'draining', updated_at = now() WHERE id = ANY($1::uuid[])`, [
        drained.map(({ endpoint_id }) => endpoint_id),
      ]);
      await tx.query('UPDATE skills SET revision = revision + 1, updated_at = now() WHERE id = $1', [skill.id]);
      await this.index.refreshHealth(tx, [skill.id]);
      const { id, name, version, owner, registered_at } = skill;
      await this.history.record(
        tx,
        drained.map(({ url }) => {
          const event = 'status_changed' as const;
          return { id, name, version, owner, registered_at, event, endpoint_url: url, actor: caller.clientId };
        }),
      );
      const after = await this.audit.stateOf(tx, skill.id);
      await this.audit.record(tx, caller, 'endpoint.drain', [{ skillId: id, before, after }]);
    }
    for (const endpoint of drained) endpoint.status = 'draining';
    return { at: await readTime(tx), endpoints: found };
  }
}

/** The time of the transaction. */
async function readTime(tx: Transaction): Promise<Date> {
  const [row] = await tx.query<[{ now: Date }]>('SELECT now()');
  return row.now;
}
