import { Injectable } from '@nestjs/common';
import { newId } from '#common';
import { prepared, type Transaction } from '#database';
import { CapabilitiesWriter, type CapabilityPart } from './capabilities.writer.js';
import { type EndpointPart, EndpointsWriter } from './endpoints.writer.js';
import { isMask, MASK, SkillSecrets } from './secrets/index.js';
import { keyOf } from './skill-key.js';
import { MAX_PARTS, SkillLimitError } from './skill-limits.js';
import type { CreateSkillBody, ReplaceSkillBody } from './skill.dto.js';

/** The parts that a body gives to a Skill. */
export interface SkillParts {
  skillId: string;
  body: Pick<CreateSkillBody, 'version' | 'metadata'> & { endpoints: EndpointPart[]; capabilities?: CapabilityPart[] };
}

const INSERT_STATUS = prepared(
  'skill-parts.status',
  `INSERT INTO skill_status (id, skill_id) SELECT x.id, x.skill_id
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, skill_id uuid) ON CONFLICT (skill_id) DO NOTHING`,
);

const OVERFULL = prepared(
  'skill-parts.overfull',
  `SELECT * FROM (SELECT s.name, s.version, CASE
           WHEN (SELECT count(*) FROM skill_endpoints e WHERE e.skill_id = s.id) > $2 THEN 'endpoints'
           WHEN (SELECT count(*) FROM capabilities c WHERE c.skill_id = s.id) > $2 THEN 'capabilities'
           WHEN (SELECT count(*) FROM skill_metadata m WHERE m.skill_id = s.id) > $2 THEN 'metadata' END AS part
         FROM skills s WHERE s.id = ANY($1::uuid[])) s WHERE s.part IS NOT NULL`,
);

const MERGE_METADATA = prepared(
  'skill-parts.metadata',
  `INSERT INTO skill_metadata AS m (id, skill_id, key, value, secret)
       SELECT x.id, x.skill_id, x.key, x.value, x.secret
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, skill_id uuid, key text, value text, secret boolean)
       ON CONFLICT (skill_id, key) DO UPDATE SET value = EXCLUDED.value, secret = EXCLUDED.secret, updated_at = now()
       WHERE NOT (m.secret AND NOT EXCLUDED.secret AND EXCLUDED.value = $2)`,
);

/** Writes what belongs to Skills: endpoints, capabilities, metadata and the status row. */
@Injectable()
export class SkillPartsWriter {
  constructor(
    private readonly endpoints: EndpointsWriter,
    private readonly capabilities: CapabilitiesWriter,
    private readonly secrets: SkillSecrets,
  ) {}

  /**
   * Adds and updates: endpoints by url, capabilities by name, metadata by key. What a body does not name stays, also
   * within an endpoint or a capability that is there already: its weight, its status, its parameters (docs/adr/0007).
   * @throws SkillLimitError
   */
  async merge(tx: Transaction, actor: string, parts: readonly SkillParts[]): Promise<void> {
    if (parts.length === 0) return;
    for (const { body } of parts) this.secrets.assertStorable(body);
    await this.endpoints.merge(tx, parts);
    await this.capabilities.merge(tx, parts);
    await this.mergeMetadata(tx, parts);
    await tx.query(INSERT_STATUS, [JSON.stringify(parts.map(({ skillId }) => ({ id: newId(), skill_id: skillId })))]);
    await this.checkLimits(tx, actor, parts);
  }

  /** Leaves a Skill with what the body says and nothing else; endpoints keep their id by url, capabilities by name. */
  async replace(tx: Transaction, actor: string, skillId: string, body: ReplaceSkillBody): Promise<void> {
    const { endpoints, capabilities = [] } = body;
    await tx.query('DELETE FROM skill_endpoints WHERE skill_id = $1 AND url <> ALL($2::text[])', [
      skillId,
      endpoints.map(({ url }) => url),
    ]);
    await tx.query('DELETE FROM capabilities WHERE skill_id = $1 AND name <> ALL($2::text[])', [
      skillId,
      capabilities.map(({ name }) => name),
    ]);
    const kept = Object.entries(body.metadata ?? {}).flatMap(([key, value]) => (isMask(value) ? [key] : []));
    await tx.query('DELETE FROM skill_metadata WHERE skill_id = $1 AND NOT (secret AND key = ANY($2::text[]))', [
      skillId,
      kept,
    ]);
    await this.merge(tx, actor, [{ skillId, body: completed(body) }]);
  }

  /** Replicas add their parts one by one, each within the limits of a body: the sum has the same limits. */
  private async checkLimits(tx: Transaction, actor: string, parts: readonly SkillParts[]): Promise<void> {
    const ids = parts.map(({ skillId }) => skillId);
    let over = await this.overfull(tx, ids);
    if (over.some(({ part }) => part === 'endpoints')) {
      // Replicas that come with a new address each leave dead ones behind: those make room.
      await this.endpoints.dropEnded(tx, actor, ids, MAX_PARTS);
      over = await this.overfull(tx, ids);
    }
    const part = over[0]?.part;
    if (part) throw new SkillLimitError(over.filter((skill) => skill.part === part).map(keyOf), part);
  }

  private overfull(
    tx: Transaction,
    ids: readonly string[],
  ): Promise<{ name: string; version: string; part: string }[]> {
    return tx.query(OVERFULL, [ids, MAX_PARTS]);
  }

  private async mergeMetadata(tx: Transaction, parts: readonly SkillParts[]): Promise<void> {
    const rows = parts.flatMap(({ skillId, body }) =>
      this.secrets
        .sealed('skill_metadata', skillId, body.metadata ?? {})
        .map((stored) => ({ id: newId(), skill_id: skillId, ...stored })),
    );
    if (rows.length === 0) return;
    await tx.query(MERGE_METADATA, [JSON.stringify(rows), MASK]);
  }
}

/** Says every default, so that nothing of what was before stays. */
function completed(body: ReplaceSkillBody): SkillParts['body'] {
  return {
    ...body,
    endpoints: body.endpoints.map((endpoint) => ({ weight: 1, status: 'active', parameters: {}, ...given(endpoint) })),
    capabilities: (body.capabilities ?? []).map((capability) => ({
      description: '',
      category: null,
      version: body.version,
      status: 'enabled',
      parameters: {},
      ...given(capability),
    })),
  };
}

/** Validated bodies hold every field of their class; those that were not sent are undefined. */
function given<T extends object>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as T;
}
