import { Injectable } from '@nestjs/common';
import { newId, UrlSpellings } from '#common';
import { columnsOf, prepared, rowsOfArrays, type Transaction } from '#database';
import { isMask, SkillSecrets } from '../secrets/index.js';
import { readScheme } from '../model/endpoint-url.js';
import type { Health } from '../model/endpoint.entity.js';
import type { EndpointBody } from '../model/endpoint.dto.js';
import { type MergedPart, mergeParts } from './merged-part.js';
import { type HistorySkill, SkillHistory } from './skill-history.js';

/** An endpoint to write. A new endpoint gets `endpoint_id` and the health `unheard`, if they are set. */
export type EndpointPart = EndpointBody & { endpoint_id?: string; unheard?: Health };

/** Updates known endpoints and inserts new ones; ends draining. The Skills must be locked. Returns the ids of known ones by place. */
const MERGE = prepared(
  'endpoints.merge',
  `WITH x AS MATERIALIZED (SELECT * FROM ${rowsOfArrays({
    place: 'integer',
    id: 'uuid',
    skill_id: 'uuid',
    url: 'text',
    protocol: 'text',
    weight: 'integer',
    status: 'text',
    unheard: 'text',
    health: 'text',
  })}),
     known AS (
       UPDATE skill_endpoints e SET weight = COALESCE(x.weight, e.weight),
         health = COALESCE(x.health, e.health),
         status = COALESCE(x.status, CASE WHEN e.status = 'draining' THEN 'active' ELSE e.status END), updated_at = now()
       FROM x WHERE e.skill_id = x.skill_id AND e.url = x.url RETURNING x.place, e.id),
     added AS (
       INSERT INTO skill_endpoints (id, skill_id, url, protocol, weight, status, health)
       SELECT x.id, x.skill_id, x.url, x.protocol, COALESCE(x.weight, 1), COALESCE(x.status, 'active'),
         COALESCE(x.health, x.unheard, 'healthy')
       FROM x WHERE x.place NOT IN (SELECT place FROM known))
   SELECT place, id FROM known`,
);

/** Writes endpoints of many Skills. New ones get defaults; known ones (by url) keep fields that the body leaves out. */
@Injectable()
export class EndpointsWriter {
  constructor(
    private readonly history: SkillHistory,
    private readonly secrets: SkillSecrets,
  ) {}

  async merge(
    tx: Transaction,
    skills: readonly { skillId: string; body: { endpoints: readonly EndpointPart[] } }[],
  ): Promise<void> {
    const parts = skills.flatMap(({ skillId, body }) =>
      body.endpoints.map((endpoint) => ({ skillId, id: endpoint.endpoint_id ?? newId(), body: endpoint })),
    );
    const rows = parts.map(({ skillId, id, body: { url, weight, status, unheard, health } }, place) => {
      return [place, id, skillId, url, readScheme(url), weight, status, unheard, health];
    });
    await this.writeParameters(tx, await mergeParts(tx, MERGE, columnsOf(rows, 9), parts));
  }

  /** Gives endpoints that the Skill has under another spelling of one of these URLs this spelling. The Skill must be locked. */
  async respell(tx: Transaction, skillId: string, urls: readonly string[]): Promise<void> {
    const stored = await tx.query<{ url: string }[]>(
      'SELECT url FROM skill_endpoints WHERE skill_id = $1 ORDER BY created_at, id',
      [skillId],
    );
    const spellings = new UrlSpellings(stored.map(({ url }) => url));
    const from = urls.map((url) => spellings.find(url) ?? url);
    if (from.every((url, index) => url === urls[index])) return;
    await tx.query(
      `UPDATE skill_endpoints e SET url = x.url FROM unnest($2::text[], $3::text[]) AS x(stored, url)
       WHERE e.skill_id = $1 AND e.url = x.stored AND x.stored <> x.url`,
      [skillId, from, urls],
    );
  }

  /** Unregisters the endpoints of a Skill that have none of these urls. */
  async dropOthers(tx: Transaction, actor: string, skill: HistorySkill, urls: readonly string[]): Promise<void> {
    const [gone] = await tx.query<[{ url: string }[], number]>(
      'DELETE FROM skill_endpoints WHERE skill_id = $1 AND url <> ALL($2::text[]) RETURNING url',
      [skill.id, urls],
    );
    const { id, name, version, registered_at } = skill;
    await this.history.record(
      tx,
      gone.map(({ url }) => {
        return { id, name, version, registered_at, actor, event: 'endpoint_unregistered' as const, endpoint_url: url };
      }),
    );
  }

  /**
   * Unregisters endpoints whose lease has ended, the oldest end first, from Skills with more than `limit` endpoints. Keeps
   * endpoints that this transaction wrote.
   */
  async dropEnded(tx: Transaction, actor: string, skillIds: readonly string[], limit: number): Promise<void> {
    if (skillIds.length === 0) return;
    const gone = await tx.query<(HistorySkill & { url: string })[]>(
      `WITH gone AS (
         DELETE FROM skill_endpoints e USING (
           SELECT l.endpoint_id, row_number() OVER (PARTITION BY l.skill_id ORDER BY l.expired_at) AS place,
             (SELECT count(*) FROM skill_endpoints n WHERE n.skill_id = l.skill_id) - $2::int AS excess
           FROM endpoint_leases l JOIN skill_endpoints x ON x.id = l.endpoint_id
           WHERE l.skill_id = ANY($1::uuid[]) AND l.expired_at IS NOT NULL AND x.updated_at < now()) d
         WHERE e.id = d.endpoint_id AND d.place <= d.excess RETURNING e.skill_id, e.url)
       SELECT s.id, s.name, s.version, s.registered_at, g.url FROM gone g JOIN skills s ON s.id = g.skill_id`,
      [skillIds, limit],
    );
    await this.history.record(
      tx,
      gone.map(({ url, ...skill }) => ({ ...skill, actor, event: 'endpoint_unregistered', endpoint_url: url })),
    );
  }

  private async writeParameters(tx: Transaction, parts: readonly MergedPart<EndpointPart>[]): Promise<void> {
    const said = parts.filter(({ body }) => body.parameters !== undefined);
    const known = said.filter(({ isNew }) => !isNew);
    if (known.length > 0) {
      const kept = known.flatMap(({ id, body }) =>
        Object.entries(body.parameters ?? {}).flatMap(([key, value]) => (isMask(value) ? [{ id, key }] : [])),
      );
      await tx.query(
        `DELETE FROM endpoint_params p WHERE p.endpoint_id = ANY($1::uuid[]) AND NOT (p.secret AND EXISTS (
           SELECT FROM jsonb_to_recordset($2::jsonb) AS k(id uuid, key text) WHERE k.id = p.endpoint_id AND k.key = p.key))`,
        [known.map(({ id }) => id), JSON.stringify(kept)],
      );
    }
    const rows = said.flatMap(({ id, body }) =>
      this.secrets
        .sealed('endpoint_params', id, body.parameters ?? {})
        .map((stored) => ({ id: newId(), endpoint_id: id, ...stored })),
    );
    if (rows.length === 0) return;
    await tx.query(
      // A row that still exists is a secret to keep.
      `INSERT INTO endpoint_params (id, endpoint_id, key, value, secret, type)
       SELECT x.id, x.endpoint_id, x.key, x.value, x.secret, x.type
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, endpoint_id uuid, key text, value text, secret boolean, type text)
       ON CONFLICT (endpoint_id, key) DO NOTHING`,
      [JSON.stringify(rows)],
    );
  }
}
