import { Injectable } from '@nestjs/common';
import type { Transaction } from '#database';
import { v7 as uuidv7 } from 'uuid';
import { EndpointLimitError, MAX_ENDPOINTS } from './endpoint-limit.error.js';
import { schemeOf } from './skill-fields.decorators.js';
import { keyOf } from './skill-key.js';
import type { CreateSkillBody } from './skill.dto.js';

/** The parts that a body gives to a Skill. */
export interface SkillParts {
  skillId: string;
  body: Pick<CreateSkillBody, 'version' | 'endpoints' | 'capabilities' | 'metadata'>;
}

/** Writes what belongs to Skills: endpoints, capabilities, metadata and the status row. */
@Injectable()
export class SkillPartsWriter {
  /**
   * Adds and updates: endpoints by url, capabilities by name, metadata by key. What a body does not name stays, and a
   * capability keeps its status unless the body says one.
   * @throws EndpointLimitError
   */
  async merge(tx: Transaction, parts: readonly SkillParts[]): Promise<void> {
    if (parts.length === 0) return;
    await this.mergeEndpoints(tx, parts);
    await this.mergeCapabilities(tx, parts);
    await this.mergeMetadata(tx, parts);
    await tx.query(
      `INSERT INTO skill_status (id, skill_id) SELECT x.id, x.skill_id
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, skill_id uuid) ON CONFLICT (skill_id) DO NOTHING`,
      [JSON.stringify(parts.map(({ skillId }) => ({ id: uuidv7(), skill_id: skillId })))],
    );
  }

  /** Removes the parts of a Skill that the body does not name. */
  async prune(tx: Transaction, skillId: string, { endpoints, capabilities = [] }: CreateSkillBody): Promise<void> {
    await tx.query('DELETE FROM skill_endpoints WHERE skill_id = $1 AND url <> ALL($2::text[])', [
      skillId,
      endpoints.map(({ url }) => url),
    ]);
    await tx.query('DELETE FROM capabilities WHERE skill_id = $1 AND name <> ALL($2::text[])', [
      skillId,
      capabilities.map(({ name }) => name),
    ]);
    await tx.query('DELETE FROM skill_metadata WHERE skill_id = $1', [skillId]);
  }

  private async mergeEndpoints(tx: Transaction, parts: readonly SkillParts[]): Promise<void> {
    const rows = parts.flatMap(({ skillId, body }) =>
      body.endpoints.map(({ url, weight = 1, status = 'active' }) => ({
        id: uuidv7(),
        skill_id: skillId,
        url,
        protocol: schemeOf(url),
        weight,
        status,
      })),
    );
    const written = await tx.query<WrittenPart[]>(
      `INSERT INTO skill_endpoints (id, skill_id, url, protocol, weight, status)
       SELECT x.id, x.skill_id, x.url, x.protocol, x.weight, x.status
       FROM jsonb_to_recordset($1::jsonb)
         AS x(id uuid, skill_id uuid, url text, protocol text, weight integer, status text)
       ON CONFLICT (skill_id, url) DO UPDATE SET
         weight = EXCLUDED.weight, status = EXCLUDED.status, updated_at = now()
       RETURNING id, skill_id, url AS name`,
      [JSON.stringify(rows)],
    );
    await this.checkLimit(tx, parts);
    const ids = indexOf(written);
    const params = parts.flatMap(({ skillId, body }) =>
      body.endpoints.flatMap(({ url, parameters = {} }) =>
        Object.entries(parameters).map(([key, value]) => ({
          id: uuidv7(),
          endpoint_id: ids.get(partKey(skillId, url)),
          key,
          value,
        })),
      ),
    );
    await tx.query('DELETE FROM endpoint_params WHERE endpoint_id = ANY($1::uuid[])', [[...ids.values()]]);
    if (params.length === 0) return;
    await tx.query(
      `INSERT INTO endpoint_params (id, endpoint_id, key, value) SELECT x.id, x.endpoint_id, x.key, x.value
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, endpoint_id uuid, key text, value text)`,
      [JSON.stringify(params)],
    );
  }

  /** Replicas add their endpoints one by one, each within the limits of a body: the sum has a limit of its own. */
  private async checkLimit(tx: Transaction, parts: readonly SkillParts[]): Promise<void> {
    const over = await tx.query<{ name: string; version: string }[]>(
      `SELECT s.name, s.version FROM skills s WHERE s.id = ANY($1::uuid[])
         AND (SELECT count(*) FROM skill_endpoints e WHERE e.skill_id = s.id) > $2`,
      [parts.map(({ skillId }) => skillId), MAX_ENDPOINTS],
    );
    if (over.length > 0) throw new EndpointLimitError(over.map(keyOf));
  }

  private async mergeCapabilities(tx: Transaction, parts: readonly SkillParts[]): Promise<void> {
    const rows = parts.flatMap(({ skillId, body }) =>
      (body.capabilities ?? []).map(({ name, description = '', category, version, status }) => ({
        id: uuidv7(),
        skill_id: skillId,
        name,
        description,
        category,
        version: version ?? body.version,
        status,
      })),
    );
    if (rows.length === 0) return;
    const written = await tx.query<WrittenPart[]>(
      `INSERT INTO capabilities (id, skill_id, name, description, category, version, status)
       SELECT x.id, x.skill_id, x.name, x.description, x.category, x.version, COALESCE(x.status, 'enabled')
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, skill_id uuid, name text, description text, category text,
         version text, status text)
       ON CONFLICT (skill_id, name) DO UPDATE SET
         description = EXCLUDED.description, category = EXCLUDED.category, version = EXCLUDED.version, updated_at = now()
       RETURNING id, skill_id, name`,
      [JSON.stringify(rows)],
    );
    const ids = indexOf(written);
    await this.setStatuses(
      tx,
      rows.flatMap(({ skill_id, name, status }) => (status ? [{ id: ids.get(partKey(skill_id, name)), status }] : [])),
    );
    const params = parts.flatMap(({ skillId, body }) =>
      (body.capabilities ?? []).flatMap(({ name, parameters = {} }) =>
        Object.entries(parameters).map(([parameter, { type, required = false, default: value, description = '' }]) => ({
          id: uuidv7(),
          capability_id: ids.get(partKey(skillId, name)),
          name: parameter,
          type,
          required,
          default_value: value === undefined ? null : JSON.stringify(value),
          description,
        })),
      ),
    );
    await tx.query('DELETE FROM capability_params WHERE capability_id = ANY($1::uuid[])', [[...ids.values()]]);
    if (params.length === 0) return;
    await tx.query(
      `INSERT INTO capability_params (id, capability_id, name, type, required, default_value, description)
       SELECT x.id, x.capability_id, x.name, x.type, x.required, x.default_value, x.description
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, capability_id uuid, name text, type text, required boolean,
         default_value text, description text)`,
      [JSON.stringify(params)],
    );
  }

  private async setStatuses(tx: Transaction, rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    await tx.query(
      `UPDATE capabilities c SET status = x.status FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, status text)
       WHERE c.id = x.id AND c.status <> x.status`,
      [JSON.stringify(rows)],
    );
  }

  private async mergeMetadata(tx: Transaction, parts: readonly SkillParts[]): Promise<void> {
    const rows = parts.flatMap(({ skillId, body }) =>
      Object.entries(body.metadata ?? {}).map(([key, value]) => ({ id: uuidv7(), skill_id: skillId, key, value })),
    );
    if (rows.length === 0) return;
    await tx.query(
      `INSERT INTO skill_metadata (id, skill_id, key, value) SELECT x.id, x.skill_id, x.key, x.value
       FROM jsonb_to_recordset($1::jsonb) AS x(id uuid, skill_id uuid, key text, value text)
       ON CONFLICT (skill_id, key) DO UPDATE SET value = EXCLUDED.value, updated_at = now()`,
      [JSON.stringify(rows)],
    );
  }
}

interface WrittenPart {
  id: string;
  skill_id: string;
  name: string;
}

function partKey(skillId: string, name: string): string {
  return `${skillId} ${name}`;
}

function indexOf(written: readonly WrittenPart[]): Map<string, string> {
  return new Map(written.map(({ id, skill_id, name }) => [partKey(skill_id, name), id]));
}
