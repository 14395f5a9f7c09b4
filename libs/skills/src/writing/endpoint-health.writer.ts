import { Injectable } from '@nestjs/common';
import { newId } from '#common';
import { type AuditActor, AuditLog, systemActor } from '#auth';
import type { ReservedClientId } from '#config';
import { columnsOf, prepared, rowsOfArrays, type Transaction } from '#database';
import type { Health } from '../model/endpoint.entity.js';
import { SkillCompanions } from '../model/skill-companions.js';
import { SkillNames } from '../names/index.js';
import { type HistorySkill, SkillHistory } from './skill-history.js';
import { SkillIndexWriter } from './skill-index.writer.js';
import type { SkillLeases } from '../model/skill-observers.js';

export interface EndpointHealth {
  endpointId: string;
  health: Health;
}

/** Health that a member reports. */
export interface ReportedHealth extends EndpointHealth {
  /** The client that reports it. */
  actor: string;
}

/** An endpoint whose health has changed. */
export interface ChangedEndpoint extends EndpointHealth {
  skillId: string;
}

interface GoneRow extends HistorySkill {
  endpoint_id: string;
  url: string;
  owner: string;
  space_id: string | null;
}

interface ChangedRow extends Omit<GoneRow, 'owner' | 'space_id'> {
  health: Health;
  actor: string;
}

/** Endpoints that registered. */
export interface RegisteredEndpoints {
  skillId: string;
  owner: string;
  /** Written already. Those that state no health become healthy. */
  endpoints: readonly { url: string; health?: Health }[];
}

const OPEN = prepared(
  'endpoint-leases.open',
  `WITH opened AS (
         INSERT INTO endpoint_leases AS l (id, endpoint_id, skill_id, generation)
         SELECT x.id, e.id, e.skill_id, s.generation
         FROM ${rowsOfArrays({ id: 'uuid', skill_id: 'uuid', url: 'text' })}
           JOIN skill_endpoints e ON e.skill_id = x.skill_id AND e.url = x.url JOIN skills s ON s.id = x.skill_id
         ON CONFLICT (endpoint_id) DO UPDATE SET generation = EXCLUDED.generation, registered_at = now(),
           last_heartbeat = now(), expired_at = NULL, updated_at = now()
         RETURNING l.endpoint_id, l.skill_id, l.generation)
       SELECT o.endpoint_id AS "endpointId", o.skill_id AS id, o.generation, e.url, e.health
       FROM opened o JOIN skill_endpoints e ON e.id = o.endpoint_id`,
);

/**
 * Writes leases and the health of endpoints, and with it the index, the health, the history and the revision of the
 * Skill. Lock the Skills first, so that changes do not deadlock: registrations lock in the order of name and version, all
 * others with `tryLock`.
 */
@Injectable()
export class EndpointHealthWriter {
  constructor(
    private readonly index: SkillIndexWriter,
    private readonly history: SkillHistory,
    private readonly audit: AuditLog,
    private readonly names: SkillNames,
    private readonly companions: SkillCompanions,
  ) {}

  /** Opens leases of the current generation, and sets endpoints healthy that state no health. The Skills must be locked. */
  async open(tx: Transaction, actor: string, skills: readonly RegisteredEndpoints[]): Promise<SkillLeases[]> {
    const rows = skills.flatMap(({ skillId, endpoints }) => endpoints.map(({ url }) => [newId(), skillId, url]));
    const stated = new Set(
      skills.flatMap(({ skillId, endpoints }) =>
        endpoints.flatMap(({ url, health }) => (health === undefined ? [] : `${skillId} ${url}`)),
      ),
    );
    const opened = await tx.query<
      { endpointId: string; url: string; health: Health; generation: number; id: string }[]
    >(OPEN, columnsOf(rows, 3));
    const back = opened.filter(({ id, url, health }) => health !== 'healthy' && !stated.has(`${id} ${url}`));
    await this.set(
      tx,
      back.map(({ endpointId }) => ({ endpointId, health: 'healthy' as const, actor })),
    );
    const leases = new Map(
      skills.map(({ skillId, owner }): [string, SkillLeases] => [skillId, { skillId, owner, endpoints: [] }]),
    );
    const healthy = new Set(back);
    for (const lease of opened) {
      const { id, endpointId, url, generation } = lease;
      const health = healthy.has(lease) ? 'healthy' : lease.health;
      leases.get(id)?.endpoints.push({ endpointId, url, generation, health, live: true });
    }
    return [...leases.values()];
  }

  /**
   * Writes heartbeats: renews or opens the leases, and sets the health that members report. The Skills must be locked.
   * Returns the endpoints whose health changed.
   */
  async report(tx: Transaction, reports: readonly ReportedHealth[]): Promise<ChangedEndpoint[]> {
    const ids = reports.map(({ endpointId }) => endpointId);
    await tx.query(
      `INSERT INTO endpoint_leases AS l (id, endpoint_id, skill_id, generation)
       SELECT x.id, e.id, e.skill_id, s.generation FROM unnest($1::uuid[], $2::uuid[]) AS x(id, endpoint_id)
         JOIN skill_endpoints e ON e.id = x.endpoint_id JOIN skills s ON s.id = e.skill_id
       ON CONFLICT (endpoint_id) DO UPDATE SET last_heartbeat = now(), expired_at = NULL, updated_at = now()`,
      [ids.map(() => newId()), ids],
    );
    return this.change(tx, reports);
  }

  /** Sets the health of endpoints. The Skills must be locked. Returns the endpoints whose health changed. */
  async change(tx: Transaction, healths: readonly ReportedHealth[]): Promise<ChangedEndpoint[]> {
    const changed = await this.set(tx, healths);
    const skillIds = [...new Set(changed.map(({ skillId }) => skillId))];
    if (skillIds.length === 0) return [];
    await tx.query('UPDATE skills SET revision = revision + 1 WHERE id = ANY($1::uuid[])', [skillIds]);
    await this.index.refreshHealth(tx, skillIds);
    return changed;
  }

  /** Removes endpoints, and Skills that have no others. The Skills must be locked. Returns the ids of all these Skills. */
  async unregister(
    tx: Transaction,
    by: ReservedClientId | AuditActor,
    endpointIds: readonly string[],
  ): Promise<string[]> {
    const auditActor = typeof by === 'string' ? systemActor(by) : by;
    const actor = auditActor.clientId;
    const gone = await tx.query<GoneRow[]>(
      `WITH gone AS (DELETE FROM skill_endpoints WHERE id = ANY($1::uuid[]) RETURNING id, skill_id, url)
       SELECT g.id AS endpoint_id, g.url, s.id, s.name, s.version, s.owner, s.registered_at, s.space_id
       FROM gone g JOIN skills s ON s.id = g.skill_id`,
      [endpointIds],
    );
    await this.history.record(
      tx,
      gone.map(({ url, ...skill }) => ({ ...skill, actor, event: 'endpoint_unregistered', endpoint_url: url })),
    );
    const skillIds = [...new Set(gone.map(({ id }) => id))];
    const empty = await tx.query<{ id: string }[]>(
      `SELECT id FROM skills s WHERE id = ANY($1::uuid[])
         AND NOT EXISTS (SELECT FROM skill_endpoints e WHERE e.skill_id = s.id) ORDER BY id FOR UPDATE`,
      [skillIds],
    );
    const emptyIds = empty.map(({ id }) => id);
    await this.companions.leaving(tx, emptyIds);
    await tx.query('DELETE FROM skills WHERE id = ANY($1::uuid[])', [emptyIds]);
    const removed = new Map(gone.filter(({ id }) => emptyIds.includes(id)).map((row) => [row.id, row]));
    await this.names.freed(tx, [...removed.values()], { ids: true });
    await this.history.record(
      tx,
      [...removed.values()].map((skill) => ({ ...skill, actor, event: 'unregistered' })),
    );
    await this.audit.record(
      tx,
      auditActor,
      [...removed.values()].map(({ id, space_id }) => ({
        action: 'skill.unregister',
        target: `skill:${id}`,
        spaces: [space_id],
      })),
    );
    const left = skillIds.filter((id) => !removed.has(id));
    await tx.query('UPDATE skills SET revision = revision + 1, updated_at = now() WHERE id = ANY($1::uuid[])', [left]);
    await this.index.refreshHealth(tx, left);
    return skillIds;
  }

  /**
   * Locks the Skills and leases of these endpoints until the end of the transaction. Skips those that are locked, so that
   * one long transaction does not stop all others. Returns the skipped endpoints.
   */
  async tryLock(tx: Transaction, endpointIds: readonly string[]): Promise<Set<string>> {
    const rows = await tx.query<{ id: string }[]>(
      `WITH free AS (
         SELECT id FROM skills WHERE id IN (SELECT skill_id FROM skill_endpoints WHERE id = ANY($1::uuid[]))
         FOR NO KEY UPDATE SKIP LOCKED),
       held AS (
         SELECT endpoint_id FROM endpoint_leases WHERE endpoint_id = ANY($1::uuid[]) AND skill_id IN (SELECT id FROM free)
         FOR NO KEY UPDATE SKIP LOCKED)
       SELECT e.id FROM skill_endpoints e WHERE e.id = ANY($1::uuid[]) AND (e.skill_id NOT IN (SELECT id FROM free)
         OR e.id NOT IN (SELECT endpoint_id FROM held)
           AND EXISTS (SELECT FROM endpoint_leases l WHERE l.endpoint_id = e.id))`,
      [endpointIds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  private async set(tx: Transaction, healths: readonly ReportedHealth[]): Promise<ChangedEndpoint[]> {
    if (healths.length === 0) return [];
    const changed = await tx.query<ChangedRow[]>(
      `WITH changed AS (
         UPDATE skill_endpoints e SET health = x.health, updated_at = now()
         FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x(id, health, actor)
         WHERE e.id = x.id AND e.health <> x.health
         RETURNING e.id, e.skill_id, e.url, e.health, x.actor)
       SELECT c.id AS endpoint_id, c.health, c.url, c.actor, s.id, s.name, s.version, s.registered_at
       FROM changed c JOIN skills s ON s.id = c.skill_id`,
      [
        healths.map(({ endpointId }) => endpointId),
        healths.map(({ health }) => health),
        healths.map(({ actor }) => actor),
      ],
    );
    await this.history.record(
      tx,
      changed.map(({ url, health, ...skill }) => ({
        ...skill,
        event: `endpoint_${health}` as const,
        endpoint_url: url,
      })),
    );
    return changed.map(({ endpoint_id, health, id }) => ({ endpointId: endpoint_id, health, skillId: id }));
  }
}
