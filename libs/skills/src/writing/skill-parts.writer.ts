import { Inject, Injectable } from '@nestjs/common';
import { newId } from '#common';
import { probesSettings } from '#config';
import { columnsOf, prepared, rowsOfArrays, type Transaction } from '#database';
import { CapabilitiesWriter, type CapabilityPart } from './capabilities.writer.js';
import { type EndpointPart, EndpointsWriter } from './endpoints.writer.js';
import type { Health } from '../model/endpoint.entity.js';
import { type ProbesInterval, unheardHealth } from '../model/unheard-health.js';
import { isMask, MASK, SkillSecrets } from '../secrets/index.js';
import { given } from './merged-body.js';
import type { HistorySkill } from './skill-history.js';
import { type CreateSkillBody, MAX_PARTS, type ReplaceSkillBody } from '../model/skill.dto.js';

/** The parts of a body. */
export interface SkillParts {
  skillId: string;
  body: Pick<CreateSkillBody, 'version' | 'metadata'> & { endpoints: EndpointPart[]; capabilities?: CapabilityPart[] };
}

const MERGE_METADATA = prepared(
  'skill-parts.metadata',
  `INSERT INTO skill_metadata AS m (id, skill_id, key, value, secret)
       SELECT x.id, x.skill_id, x.key, x.value, x.secret
       FROM ${rowsOfArrays({ id: 'uuid', skill_id: 'uuid', key: 'text', value: 'text', secret: 'boolean' }, 2)}
       ON CONFLICT (skill_id, key) DO UPDATE SET value = EXCLUDED.value, secret = EXCLUDED.secret, updated_at = now()
       WHERE NOT (m.secret AND NOT EXCLUDED.secret AND EXCLUDED.value = $1)`,
);

/** Writes what belongs to known Skills: endpoints, capabilities and metadata. */
@Injectable()
export class SkillPartsWriter {
  constructor(
    private readonly endpoints: EndpointsWriter,
    private readonly capabilities: CapabilitiesWriter,
    private readonly secrets: SkillSecrets,
    @Inject(probesSettings.KEY) private readonly probes: ProbesInterval,
  ) {}

  /**
   * Adds and updates: endpoints by url, capabilities by name, metadata by key. Parts and fields that a body leaves
   * out stay, also the weight, status and parameters of a known endpoint or capability (docs/adr/0007). The caller checks
   * the limit of parts.
   */
  async merge(tx: Transaction, parts: readonly SkillParts[]): Promise<void> {
    if (parts.length === 0) return;
    for (const { body } of parts) this.secrets.assertStorable(body);
    await this.endpoints.merge(tx, parts);
    await this.capabilities.merge(tx, parts);
    await this.mergeMetadata(tx, parts);
  }

  /** Replaces all parts of a Skill. Endpoints keep their id by url, capabilities by name. */
  async replace(tx: Transaction, actor: string, skill: HistorySkill, body: ReplaceSkillBody): Promise<void> {
    const { endpoints, capabilities = [] } = body;
    const { id: skillId } = skill;
    const urls = endpoints.map(({ url }) => url);
    await this.endpoints.respell(tx, skillId, urls);
    await this.endpoints.dropOthers(tx, actor, skill, urls);
    await tx.query('DELETE FROM capabilities WHERE skill_id = $1 AND name <> ALL($2::text[])', [
      skillId,
      capabilities.map(({ name }) => name),
    ]);
    // An id goes to the capability that has it in the body.
    await tx.query('UPDATE capabilities SET external_id = NULL WHERE skill_id = $1 AND external_id = ANY($2::text[])', [
      skillId,
      capabilities.flatMap(({ capability_id }) => capability_id ?? []),
    ]);
    const kept = Object.entries(body.metadata ?? {}).flatMap(([key, value]) => (isMask(value) ? [key] : []));
    await tx.query('DELETE FROM skill_metadata WHERE skill_id = $1 AND NOT (secret AND key = ANY($2::text[]))', [
      skillId,
      kept,
    ]);
    await this.merge(tx, [{ skillId, body: completed(body, unheardHealth(this.probes)) }]);
  }

  /**
   * Deletes endpoints whose lease has ended from Skills that have too many. Replicas that get a new address at each start
   * leave such endpoints behind.
   */
  makeRoom(tx: Transaction, actor: string, skillIds: readonly string[]): Promise<void> {
    return this.endpoints.dropEnded(tx, actor, skillIds, MAX_PARTS);
  }

  private async mergeMetadata(tx: Transaction, parts: readonly SkillParts[]): Promise<void> {
    const rows = parts.flatMap(({ skillId, body }) =>
      this.secrets
        .sealed('skill_metadata', skillId, body.metadata ?? {})
        .map(({ key, value, secret }) => [newId(), skillId, key, value, secret]),
    );
    if (rows.length === 0) return;
    await tx.query(MERGE_METADATA, [MASK, ...columnsOf(rows)]);
  }
}

/** Sets every default, so that no earlier value stays. */
function completed(body: ReplaceSkillBody, unheard: Health): SkillParts['body'] {
  return {
    ...body,
    endpoints: body.endpoints.map((endpoint) => ({
      weight: 1,
      status: 'active',
      parameters: {},
      unheard,
      ...given(endpoint),
    })),
    capabilities: (body.capabilities ?? []).map((capability) => ({
      description: '',
      category: null,
      version: body.version,
      status: 'enabled',
      parameters: {},
      output_schema: null,
      examples: null,
      ...given(capability),
    })),
  };
}
