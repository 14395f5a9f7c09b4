import { Injectable } from '@nestjs/common';
import { newId } from '#common';
import { prepared, type Transaction } from '#database';
import { isMask, SkillSecrets } from '../secrets/index.js';
import { schemeOf } from '../model/skill-fields.decorators.js';
import type { EndpointBody } from '../model/skill.dto.js';
import { type HistorySkill, SkillHistory } from './skill-history.js';
import { type WrittenPart, WrittenParts } from './written-part.js';

/** An endpoint as it is written; a new one gets the id that it brings, if any. */
export type EndpointPart = EndpointBody & { endpoint_id?: string };

interface Part {
  written: WrittenPart;
  body: EndpointPart;
}

const MERGE = prepared(
  'endpoints.merge',
  `INSERT INTO skill_endpoints AS e (id, skill_id, url, protocol, weight, status)
         SELECT x.id, x.skill_id, x.url, x.protocol, COALESCE(x.weight, 1), COALESCE(x.status, 'active')
         FROM jsonb_to_recordset($1::jsonb)
           AS x(id uuid, skill_id uuid, url text, protocol text, weight integer, status text)
         ON CONFLICT (skill_id, url) DO UPDATE SET updated_at = now()
         RETURNING e.id, e.skill_id, e.url AS name, (e.xmax = 0) AS created`,
);

const UPDATE = prepared(
  'endpoints.update',
  `UPDATE skill_endpoints e SET weight = COALESCE(x.weight, e.weight), status = COALESCE(x.status, e.status)
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, weight integer, status text) WHERE e.id = x.id`,
);

/** Writes endpoints of many Skills: new ones with defaults, known ones (by url) with what the body says. */
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
    const bodies = skills.flatMap(({ skillId, body }) => body.endpoints.map((endpoint) => ({ skillId, endpoint })));
    const written = new WrittenParts(
      await tx.query<WrittenPart[]>(MERGE, [
        JSON.stringify(bodies.map(({ skillId, endpoint }) => rowOf(skillId, endpoint))),
      ]),
    );
    const parts = bodies.map(({ skillId, endpoint }) => ({
      written: written.get(skillId, endpoint.url),
      body: endpoint,
    }));
    await this.update(
      tx,
      parts.filter((part) => !part.written.created),
    );
    await this.writeParameters(tx, parts);
  }

  /**
   * Unregisters endpoints whose lease has ended, longest ago first, where a Skill has more than `limit` endpoints. What
   * this transaction wrote stays.
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

  private async update(tx: Transaction, parts: readonly Part[]): Promise<void> {
    if (parts.length === 0) return;
    await tx.query(UPDATE, [
      JSON.stringify(parts.map(({ written, body }) => ({ id: written.id, weight: body.weight, status: body.status }))),
    ]);
  }

  private async writeParameters(tx: Transaction, parts: readonly Part[]): Promise<void> {
    const said = parts.filter(({ body }) => body.parameters !== undefined);
    const known = said.filter(({ written }) => !written.created);
    if (known.length > 0) {
      const kept = known.flatMap(({ written, body }) =>
        Object.entries(body.parameters ?? {}).flatMap(([key, value]) =>
          isMask(value) ? [{ id: written.id, key }] : [],
        ),
      );
      await tx.query(
        `DELETE FROM endpoint_params p WHERE p.endpoint_id = ANY($1::uuid[]) AND NOT (p.secret AND EXISTS (
           SELECT FROM jsonb_to_recordset($2::jsonb) AS k(id uuid, key text) WHERE k.id = p.endpoint_id AND k.key = p.key))`,
        [known.map(({ written }) => written.id), JSON.stringify(kept)],
      );
    }
    const rows = said.flatMap(({ written, body }) =>
      this.secrets
        .sealed('endpoint_params', written.id, body.parameters ?? {})
        .map((stored) => ({ id: newId(), endpoint_id: written.id, ...stored })),
    );
    if (rows.length === 0) return;
    await tx.query(
      // What is there still is a secret that is to stay.
      `INSERT INTO endpoint_params (id, endpoint_id, key, value, secret)
       SELECT x.id, x.endpoint_id, x.key, x.value, x.secret
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, endpoint_id uuid, key text, value text, secret boolean)
       ON CONFLICT (endpoint_id, key) DO NOTHING`,
      [JSON.stringify(rows)],
    );
  }
}

function rowOf(skillId: string, { endpoint_id, url, weight, status }: EndpointPart): object {
  return { id: endpoint_id ?? newId(), skill_id: skillId, url, protocol: schemeOf(url), weight, status };
}
